"""Texts, dates and numbers as shops write them, in any language and form, as this program reads them."""

import math
import re
import sqlite3
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

NAMES_OF_MONTHS = (  # in fourteen languages, without accents, as they are inflected in dates
    "january januar janner janvier enero janeiro gennaio januari styczen stycznia январь января tammikuuta ocak leden ledna",
    "february februar fevrier febrero fevereiro febbraio februari luty lutego февраль февраля helmikuuta subat unor unora",
    "march marz maerz mrz mars marzo marco maart mrt marts marzec marca март марта maaliskuuta mart brezen brezna",
    "april avril abril aprile kwiecien kwietnia апрель апреля huhtikuuta nisan duben dubna",
    "may mai mayo maio maggio mei maj maja май мая toukokuuta mayis kveten kvetna",
    "june juni juin junio junho giugno czerwiec czerwca июнь июня kesakuuta haziran cerven cervna",
    "july juli juillet julio julho luglio lipiec lipca июль июля heinakuuta temmuz cervenec cervence",
    "august aout agosto augustus augusti sierpien sierpnia август августа elokuuta agustos srpen srpna",
    "september septembre septiembre setembro settembre wrzesien wrzesnia сентябрь сентября syyskuuta eylul zari",
    "october oktober octobre octubre outubro ottobre pazdziernik pazdziernika октябрь октября lokakuuta ekim rijen rijna",
    "november novembre noviembre novembro listopad listopada listopadu ноябрь ноября marraskuuta kasim",
    "december dezember decembre diciembre dezembro dicembre desember grudzien grudnia декабрь декабря joulukuuta aralik prosinec prosince",
)

UNFOLDED: dict[int, Any] = {
    **str.maketrans("łøđı", "lodi"),
    ord("ß"): "ss",
    ord("æ"): "ae",
    ord("œ"): "oe",
}  # letters that are no letter with an accent


def folded(text: str) -> str:
    """Return a text in small letters without accents, as names are compared; of a pattern, all signs stay."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold().translate(UNFOLDED))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def plain_words(text: str) -> str:
    """Return a text in lower case, without accents, punctuation and doubled blanks."""
    return re.sub(r"[\W_]+", " ", folded(text)).strip()


def squashed(name: str) -> str:
    """Return a name as it is compared: small letters and digits alone, without accents."""
    return plain_words(name).replace(" ", "")


MONTH_NUMBERS = {  # a month's name, or its first letters -> its number; where two begin alike, the earlier
    name[:length]: month
    for month, names in reversed(list(enumerate(NAMES_OF_MONTHS, 1)))
    for name in plain_words(names).split()
    for length in range(3, len(name) + 1)
    if name[:length] not in ("led", "pro")  # more often words in names of products
}

LONGEST = 200  # letters that a date or a number takes at most; patterns would try long in a text of blanks

YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/.]|\. |[年년] ?)(\d{1,2})(?:[-/.]|\. |[月월] ?)(\d{1,2})(?!\d)|"
    r"((?:19|20|21)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:$|[ T]\d\d|(?:[01]\d|2[0-3])(?:[0-5]\d){2}$)"
)

YEAR_LAST = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d\d)(?![\d:]|[.,]\d)")

BEFORE_DATE = re.compile(
    r"'|(?!(?i:n[ro]|inv)\.)[^\W\d_]+[.,]+ ?|[A-Z][a-z]{1,2} |\d\d?:\d\d(?::\d\d)? "
)  # a day of the week, or the time

EPOCH = re.compile(r"(/Date\()?(1\d{9})(?:\d{3}){0,2}(?:\.0|[+-]\d{4})?(?:\)/)?")

DAY_FORM, MONTH_FORM = r"(?P<day>\d{1,2})(?:\.|th|st|nd|rd)?", r"(?P<month>[^\W\d_]{3,})\.?"

YEAR_FORM = r"(?P<year>\d{4}|\d\d(?!:))(?!\d)"

NAMED_MONTH = (  # the day, the month by its name and the year, in three orders
    re.compile(rf"(?:\D+[, ])?{DAY_FORM}[-/. ]*(?:de )?{MONTH_FORM}[-/, ]*(?:del? )?{YEAR_FORM}"),
    re.compile(
        rf"(?:[^\W\d_]+\.?,? |\d\d?:\d\d(?: [AP]M)?,? )?{MONTH_FORM}[- ]{DAY_FORM}(?:,? \d\d?:\d\d(?::\d\d)?(?: [+-]\d{{4}}| [A-Z]+)?)?(?:, ?|[- ]){YEAR_FORM}"
    ),
    re.compile(rf"(?P<year>\d{{4}})[-/. ]{MONTH_FORM}[-/. ]{DAY_FORM}(?!\d)"),
)


@lru_cache(maxsize=100_000)
def date_parts(value: object) -> tuple[str, tuple[int, ...]] | None:
    """Return how a value writes a date and its three numbers in the order written; None where it is no date.

    The ways are "ymd", "?" (day or month first, which one value may not tell), "serial" (Excel's days) and "epoch".
    """
    text = str(value).strip()[:LONGEST]
    for numeric in (text, BEFORE_DATE.match(text) and BEFORE_DATE.sub("", text, count=1)):
        if numbers := numeric and YEAR_FIRST.match(numeric):
            return "ymd", tuple(int(part) for part in numbers.groups() if part)
        if numbers := numeric and YEAR_LAST.match(numeric):
            return "?", tuple(map(int, numbers.groups()))
    if re.fullmatch(r"[2-7]\d{4}(\.\d+)?", text):
        return "serial", (int(float(text)), 0, 0)
    if epoch := EPOCH.fullmatch(text):
        in_json = epoch[1] and date(1970, 1, 1) + timedelta(seconds=int(epoch[2]))  # as .NET writes it
        return ("ymd", in_json.timetuple()[:3]) if in_json else ("epoch", (int(epoch[2]), 0, 0))
    for form in NAMED_MONTH:
        if (named := form.match(text)) and (month := MONTH_NUMBERS.get(squashed(named["month"]))):
            return "ymd", (full_year(int(named["year"])), month, int(named["day"]))
    return None


def full_year(year: int) -> int:
    """Return a year of two digits as POSIX reads it: 69 to 99 are of the last century."""
    return year if year > 99 else year + (1900 if year > 68 else 2000)


@lru_cache(maxsize=200_000)
def day(value: object, order: str) -> object:  # noqa: PLR0911
    """Return the day that a value writes, as an ISO text; the value as it is where it writes none.

    `order` is that of the whole column: "ymd", "dmy", "mdy" or, with a year of two digits in front, "yymd"; "serial" for
    Excel's numbers of days, "epoch" for seconds or milliseconds since 1970. With "dmy swapped" or "mdy swapped", dates that
    begin with the year have their month last. A time, and the offset from UTC after it, is left off: a day is the day that
    the shop wrote.
    """
    parts = None if value is None else date_parts(value)
    if parts is None:
        return value
    way, (first, second, third) = parts
    try:
        if way == "ymd":
            return (date(first, third, second) if order.endswith("swapped") else date(first, second, third)).isoformat()
        order = order.removesuffix(" swapped")
        if way == "?" and order == "yymd":
            return date(full_year(first), second, third).isoformat()
        if way == "?" and order in ("dmy", "mdy"):
            in_order = (second, first) if order == "dmy" else (first, second)
            return date(full_year(third), *in_order).isoformat()
        if way == order == "serial":
            return (date(1899, 12, 30) + timedelta(days=first)).isoformat()
        if way == order == "epoch":
            return (date(1970, 1, 1) + timedelta(seconds=first)).isoformat()
    except (ValueError, OverflowError):
        pass
    return value


CURRENCY = (  # a sign, maybe with letters beside it (R$, NT$, $US), or a word in another script
    r"[A-Za-z]{0,3}[$¢-¥֏؋৲৳૱௹฿៛₠-⃏][A-Z]{0,3}|%|M\.N\.|[元円圓원đĐ]|บาท|(?:лв|грн|руб|р|дин|ден|тг)\.?|"
    r"(?:د\.إ|ر\.س|ج\.م)\.?|ريال|درهم|جنيه|تومان|ש\"ח"
)

CURRENCY_WORD = r"(?:rp|rs|tl|rm|kr|k[cč]|z[lł]|ft|lei|s?fr|ksh|tsh|ush|din|dhs?|tk|bs|s/)"

CURRENCY_CODE = (  # of ISO 4217, where it touches the digits; with a blank between any three capitals will do
    "(?:AED|ARS|AUD|BDT|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|GHS|HKD|HUF|IDR|ILS|INR|JPY|KES|KRW|KZT|LKR|MXN|"
    "MYR|NGN|NOK|NZD|PHP|PKR|PLN|QAR|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR)"
)

MONEY_BEFORE = re.compile(  # letters right before digits may be an id's, so they need a dot, small letters or decimals
    rf"([-+(\s]*)(?:{CURRENCY}|(?i:{CURRENCY_WORD}|R)(?=\s+[-(]?\d)|(?i:{CURRENCY_WORD})(?:\.|(?=(?!0\d)\d+[.,]\d))|"
    rf"(?=[A-Z]{{0,2}}[a-zčł])(?i:{CURRENCY_WORD})(?=[1-9])|[A-Z]{{3}}(?=\s)|{CURRENCY_CODE}(?=[-(]?(?!0\d)\d))\s*"
)

MONEY_AFTER = re.compile(
    rf"\s*(?:{CURRENCY}|(?<=[\d\s.,-])(?i:{CURRENCY_WORD})\.?|(?<=\s)[A-Z]{{3}}|(?<=\d){CURRENCY_CODE})([-)\s]*)$"
)

CREDIT = re.compile(r"(?:(?<=\s)|(?<=[.,]\d\d))(?:(cr)|dr)\.?$", re.IGNORECASE)

LIKE_ASCII = str.maketrans(
    {**dict.fromkeys("−–—‒‐‑", "-"), **dict.fromkeys("’‘´٬", "'"), **dict.fromkeys("¹²³", "^")}  # m² is no number
)

NUMBER_FORMS = {
    decimal: re.compile(
        rf"(?=.*\d)(\d+|\d{{1,3}}({mark}\d{{3}})+|\d{{1,2}}({mark}\d\d)*{mark}\d{{3}}|(?={point}))({point}\d*)?(e[-+]?\d+)?",
        re.IGNORECASE | re.ASCII,
    )
    for decimal, mark, point in ((".", ",", r"\."), (",", r"\.", ","))
}


def without_currency(text: str, decimal: str) -> str:
    """Return a number's text without signs, codes and words of currencies, its digits as ours.

    A sign between digits stands before the decimals (12€50). "Cr" at the end makes a number negative: a sale is a debit.
    """
    if len(text) > LONGEST:
        return text
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(LIKE_ASCII)).replace("٫", decimal)
        text = re.sub(r"\d", lambda digit: str(int(digit[0])), text)
    text = re.sub(r"(?<=\d)[$¢-¥₠-⃏](?=\d\d$)", decimal, text.strip())
    if credit := CREDIT.search(text):
        text = "-" * bool(credit[1]) + text[: credit.start()]
    if before := MONEY_BEFORE.match(text):
        text = before[1] + text[before.end() :]
    text = MONEY_AFTER.sub(r"\1", text, count=1)
    return re.sub(r"[\s'`]|[.,:]-+$", "", text)


@lru_cache(maxsize=200_000)
def read_number(value: Any, decimal: str) -> Any:
    """Return the number that a value writes with "." or "," before its decimals; the value as it is where it writes none.

    Currencies and signs of percent are left off, and so are marks between thousands, where they stand before three
    digits; brackets or a minus at either end make it negative.
    """
    if value is None or not isinstance(value, str):
        return value
    text = value if re.fullmatch(r"-?[\d.,]+", value, re.ASCII) else without_currency(value, decimal)
    negative = text[:1] in ("-", "(") or text[-1:] == "-"
    text = text.strip("()-+")
    if "." in text and "," in text:  # whichever comes last is before the decimals
        decimal = max(".,", key=text.rfind)
    if not NUMBER_FORMS[decimal].fullmatch(text):
        return value
    plain = float(text.replace("," if decimal == "." else ".", "").replace(decimal, "."))
    return -plain if negative else plain


def line_total(price: Any, quantity: Any, discount: Any) -> str | float | None:
    """Return price times quantity less the discount, a share; what it would be made of where one is no number."""
    given = [value for value in (price, quantity, discount or None) if value is not None]
    if any(isinstance(value, str) for value in given) or price is None or quantity is None:
        return " × ".join(map(str, given)) if given else None
    return round(price * quantity * (1 - (discount or 0)), 6)


def register_functions(connection: sqlite3.Connection) -> None:
    """Let the SELECTs of a mapping read dates, numbers and keys as shops write them: DAY, NUMBER, LINE_TOTAL and KEY."""
    functions: tuple[tuple[str, int, Callable[..., Any]], ...] = (
        ("DAY", 2, day),
        ("NUMBER", 2, read_number),
        ("LINE_TOTAL", 3, line_total),
        ("KEY", 1, key_text),
    )
    for name, arguments, function in functions:
        connection.create_function(name, arguments, function, deterministic=True)


def some_number(value: Any) -> float | None:
    """Return the number that a value writes, whichever its decimal sign; None where it writes none."""
    number = read_number(value, ".") if isinstance(value, str) else value
    number = read_number(value, ",") if isinstance(number, str) else number
    return None if isinstance(number, (str, bytes)) or not math.isfinite(number) else number


def is_date(value: object) -> bool:
    """Say whether a value writes a date with its year, month and day."""
    found = date_parts(value)
    return found is not None and found[0] in ("ymd", "?")


def key_text(value: object) -> str | None:
    """Return a key as a text, so that 17, 17.0 and ' 17' are the same, and so are A1 and a1; None where there is none."""
    text = "" if value is None else str(value).strip().casefold()
    return text.removesuffix(".0") if text else None
