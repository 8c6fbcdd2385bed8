"""The database of the settings, opened or built; the form, where only the user can say what a source means."""

from contextlib import closing
from dataclasses import replace

import ipywidgets as widgets
from IPython.display import display

from shopboard.building import open_or_build
from shopboard.database import ShopDesign, connect
from shopboard.importing.accounts import was_imported
from shopboard.importing.form import ImportForm
from shopboard.importing.form_parts import as_text
from shopboard.importing.parts import form_style, named_box
from shopboard.importing.receipt import reconciliation
from shopboard.importing.staging import OPEN_SOURCES, source_key
from shopboard.problems import MappingProblem, ShopProblem, in_voila
from shopboard.settings import Settings

FORM_ALONE = (  # in Voilà, which shows all other cells, too
    "<style>:is(.jp-Cell, .cell, .jp-OutputArea-child, .output_area):not(:has(.shop-page)) "
    "{ display: none !important; }</style>"
)

NOT_OPEN = (
    "This shop cannot be shown yet. Its owner learns why by running the notebook, or by opening this page with the "
    "setting `public = False`."
)


class ShopQuestion(ShopProblem):
    """A source whose columns nobody has named yet: shown as the form that asks what they mean."""

    def __init__(self, form: ImportForm) -> None:
        self.form = form
        super().__init__(
            f"Stopped here: answer what the form asks, compare its figures, press Load, then {what_is_next()}."
        )

    def _render_traceback_(self) -> list[str]:
        """Show the form with the sentence below; IPython asks for this instead of printing a traceback."""
        if not self.displayed:
            self.displayed = True
            style = widgets.HTML(form_style() + (FORM_ALONE if in_voila() else ""))
            display(named_box(named_box(widgets.VBox([style, self.form.widget]), "shop-page"), "shop-asked"))
        return [f"\x1b[1m{self}\x1b[0m"]


def open_or_ask(settings: Settings, design: ShopDesign) -> str:
    """Open or build the database of the settings; where a source's columns have other names, raise ShopQuestion.

    That shows the form, but not on a page for others: what is wrong with the owner's files, and what stands in them, is
    for the owner alone. With the mapping "proposed", the proposal is taken unseen if it leaves no question open.
    """
    try:
        return opened_or_asked(settings, design)
    except ShopProblem as problem:
        if not settings.public:
            raise
        if isinstance(problem, ShopQuestion):
            problem.form.close()
        raise ShopProblem(NOT_OPEN) from None


def opened_or_asked(settings: Settings, design: ShopDesign) -> str:
    """Open or build the database of the settings, or raise ShopQuestion."""
    unseen = settings.mapping == "proposed"
    settings = replace(settings, mapping={}) if unseen else settings
    try:
        return with_receipt(settings, open_or_build(settings, design))
    except MappingProblem as problem:
        if settings.mapping:
            raise
        if problem.opened:
            OPEN_SOURCES[source_key(settings.source, {})] = problem.opened
    form = ImportForm(settings, lambda accepted: load_for_good(accepted, design))
    if unseen:
        with closing(form):
            counted = f"{as_text(form.preview)}\n\n" if form.preview else ""
            return counted + with_receipt(settings, form.accept())
    raise ShopQuestion(form)


def with_receipt(settings: Settings, said: str) -> str:
    """Check that what was read is what was loaded and set aside, write the receipt's files, and return `said`."""
    with closing(connect(settings.database)) as connection:
        if was_imported(connection):
            reconciliation(connection, settings)
    return said


def load_for_good(settings: Settings, design: ShopDesign) -> str:
    """Build the database with an accepted mapping; return what was done and what to do next."""
    return f"{open_or_build(settings, design)} Now {what_is_next()}."


def what_is_next() -> str:
    """Return what there is to do once a shop is loaded before the page stands."""
    below = "run the cells below (Run → Run Selected Cell and All Below; in Colab Runtime → Run after)"
    return "reload this page" if in_voila() else below
