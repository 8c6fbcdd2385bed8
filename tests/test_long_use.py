"""Long use: however often a page is refreshed, changed, opened and closed, it holds no more than it did at first."""

import gc
import random
import weakref
from dataclasses import replace
from types import SimpleNamespace

import ipywidgets as widgets
import psutil
import pytest
from ipywidgets.widgets import widget as widget_module

from shopboard import tools
from shopboard.dashboard import STEPS_BACK, Dashboard

from small_shop import small_shop

MEGABYTES = 50  # that changes may add, of which answers are kept


def held():
    """Return how many widgets Jupyter keeps, each of which has a channel to the browser."""
    known = getattr(widget_module, "_instances", None)
    return len(widgets.Widget.widgets if known is None else known)


def megabytes():
    """Return how much memory this process takes."""
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6


@pytest.fixture(scope="module")
def shop(story, tmp_path_factory):
    """A small sample shop."""
    shop = small_shop(story, tmp_path_factory.mktemp("long"))
    yield shop
    shop.close()


@pytest.fixture
def open_page(story, shop, pages):
    """A function that opens the page of the shop."""
    return lambda: Dashboard(shop, pages, story.EXAMPLES, story.REPORT)


def change(dashboard, chance):
    """Choose something else, as a user does: a page, regions, categories, days, a number of a control."""
    whole = dashboard.shop.everything()
    regions, categories = (
        tuple(sorted(chance.sample(names, chance.randint(1, len(names)))))
        for names in (whole.regions, whole.categories)
    )
    start, end = sorted(f"2025-{chance.randint(7, 12):02}-{chance.randint(1, 28):02}" for _ in range(2))
    chosen = replace(whole, regions=regions, categories=categories, start=start, end=end)
    dashboard.go(chance.choice(list(dashboard.pages)), chosen, {"lead_time": float(chance.randint(1, 60))})


@pytest.mark.parametrize("times", [100, pytest.param(10_000, marks=pytest.mark.long)])
def test_refreshing_a_page_keeps_no_widget(open_page, times):
    dashboard = open_page()
    for name in dashboard.pages:  # what a page makes once, it may keep
        dashboard.navigation.value = name
    before = held()
    for name in dashboard.pages:
        dashboard.navigation.value = name
        for _ in range(times):
            dashboard.refresh()
        assert held() == before, name
    assert "shop-alert" not in dashboard.status.value
    dashboard.close()


@pytest.mark.parametrize("times", [100, pytest.param(5_000, marks=pytest.mark.long)])
def test_changes_do_not_fill_the_memory(open_page, times):
    dashboard, chance = open_page(), random.Random(1)
    for _ in range(30):
        change(dashboard, chance)
    before, widgets_before = megabytes(), held()
    for _ in range(times):
        change(dashboard, chance)
    assert "shop-alert" not in dashboard.status.value
    assert held() == widgets_before
    assert len(dashboard.past) == STEPS_BACK
    assert megabytes() - before < MEGABYTES
    dashboard.close()


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.long)])
def test_a_closed_page_is_forgotten(open_page, times):
    open_page().close()  # libraries keep something of the first
    before, memory = held(), megabytes()
    for _ in range(times):
        dashboard = open_page()
        assert held() > before
        dashboard.close()
        forgotten = weakref.ref(dashboard)
        del dashboard
        gc.collect()
        assert forgotten() is None
        assert held() == before
    assert megabytes() - memory < MEGABYTES


def test_a_cell_that_runs_again_closes_what_it_showed(open_page, monkeypatch, capsys):
    """As one changes a question and runs the dashboard's cell again; what another cell shows stays."""

    def run(cell, number):
        asked = {"metadata": {"cellId": cell}, "header": {"msg_id": str(number)}}
        monkeypatch.setattr(tools, "get_ipython", lambda: SimpleNamespace(get_parent=lambda: asked))
        page = open_page()
        page._ipython_display_()
        return page

    tools.SHOWN.clear()
    before = held()
    first, other, second = run("a", 1), run("b", 2), run("a", 3)
    assert [page.board.comm is None for page in (first, other, second)] == [True, False, False]
    both = run("a", 3)
    assert second.board.comm is not None
    for page in (other, second, both):
        page.close()
    assert held() == before
    tools.SHOWN.clear()


def test_forms_of_ones_own_data_are_given_back(open_page, shop, tmp_path):
    """Each look at a file makes a form of a hundred widgets; the one before goes."""
    shop.ask("SELECT * FROM orders").head(50).to_csv(tmp_path / "lines.csv", index=False)
    dashboard = open_page()
    own = dashboard.tools["own data"].own
    counted = []
    for _ in range(3):
        own.path.value = str(tmp_path / "lines.csv")
        own.look.click()
        assert own.form is not None
        counted.append(held())
    assert counted[0] == counted[1] == counted[2]
    own.close()
    assert held() < counted[0] - 50
    dashboard.close()
