"""What a change of words or money comes to is counted from the lines of a trial: it must be what a load would come to."""

import random
from dataclasses import fields

import pandas as pd
import pytest

from shopboard.importing.draft import Draft
from shopboard.importing.preview import Trial

WORDS = ("shipped", "on hold", "void", "refunded", "mystery")
PAYMENTS = ("paid", "pending", "refunded")


def odd_shop(rng, path, odd):
    """Write an export of 200 lines with words, payments, money beside, returns, guests, and lines without a day; some `odd` ones, too."""
    lines = []
    for n in range(200):
        pieces, price = rng.choice((1, 1, 2, 3, -1 if n % 17 == 0 else 5)), rng.randrange(100, 9_000) / 100
        day = "someday" if n % 61 == 0 else f"2025-{n // 20 + 1:02}-{rng.randrange(1, 29):02}"
        amount = "" if odd and n % 47 == 0 else f"{pieces * price:.2f}"
        word = rng.choices(WORDS, (60, 15, 10, 10, 5))[0]
        lines.append(
            {
                "Order ID": f"A{n // 2}" if rng.random() < 0.98 else f"A{n // 3}",
                "Order Date": day,
                "Customer": rng.choice(("Ann", "Bob", "Cy", "", "guest")),
                "Region": rng.choice(("North", "South", "")),
                "Product": f"Thing {n % 13}",
                "Category": f"Kind {n % 13 % 4}",
                "Quantity": 0 if odd and word == "void" and n % 3 else pieces,
                "Total": amount,
                "Status": word,
                "Payment Status": rng.choice(PAYMENTS),
                "Discount Amount": rng.choice(("0", "0", "1.25", "-2")),
                "Shipping Fee": "4.90" if n % 2 else "0",
                "Refund Amount": "3.5" if n % 23 == 0 else "0",
            }
        )
    table = pd.DataFrame(lines)
    dropped = rng.sample(
        ["Payment Status", "Discount Amount", "Shipping Fee", "Refund Amount", "Region"], rng.randrange(4)
    )
    table.drop(columns=dropped).to_csv(path, index=False)


def as_plain(preview):
    """Return the figures of a preview so that two can be compared."""
    told = {field.name: getattr(preview, field.name) for field in fields(preview)}
    return {
        name: value.round(2).to_dict("records") if isinstance(value, pd.DataFrame) else value
        for name, value in told.items()
    }


@pytest.mark.parametrize("seed", range(8))
def test_what_is_counted_is_what_is_loaded(seed, make_settings, tmp_path):
    rng = random.Random(seed)
    odd = seed % 2
    odd_shop(rng, tmp_path / "orders.csv", odd)
    settings = make_settings(source=str(tmp_path / "orders.csv"), database=str(tmp_path / "own.db"))
    draft, quick = Draft(settings), 0
    try:
        for key, question in draft.questions().items():
            if question.taken is None:
                draft.answer(key, next(iter(question.answers.values())))
        draft.count()
        for _ in range(25):
            key, question = rng.choice([pair for pair in draft.questions().items() if pair[1].place])
            answers = [
                answer
                for answer in question.answers.values()
                if answer not in ("aside", "returned") or rng.random() < 0.2
            ]
            draft.answer(key, rng.choice(answers))
            draft.took = 0.0
            draft.count()
            quick += draft.preview is not draft.trial.shown
            other = Trial(settings)
            loaded = other.preview(draft.proposal, draft.mapping())
            other.close()
            assert as_plain(draft.preview) == as_plain(loaded), key
    finally:
        draft.close()
    assert quick > 5 or odd  # elsewhere a word decides on pieces and amounts, too, so that most changes load anew


def test_whose_region_counts_needs_no_new_load(make_settings, tmp_path):
    """Ann's first order went to the north, her latest to the south; Bob's only one to the north."""
    lines = [
        "Order ID,Order Date,Customer,Region,Product,Quantity,Total",
        "1,2025-01-01,Ann,North,Cup,1,10.00",
        "2,2025-02-01,Ann,South,Cup,2,20.00",
        "3,2025-02-02,Bob,North,Jug,1,40.00",
    ]
    (tmp_path / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    settings = make_settings(source=str(tmp_path / "orders.csv"), database=str(tmp_path / "own.db"))
    draft = Draft(settings)
    try:
        draft.count()
        loaded = draft.trial.shown
        for whose, revenue in (("customer", {"North": 40.0, "South": 30.0}), ("order", {"North": 50.0, "South": 20.0})):
            draft.answer("region", whose)
            draft.count()
            assert draft.trial.shown is loaded
            assert dict(zip(draft.preview.regions["region"], draft.preview.regions["revenue"], strict=True)) == revenue
    finally:
        draft.close()
