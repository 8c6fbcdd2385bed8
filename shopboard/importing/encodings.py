"""The encoding of a text file, by what its bytes would say in each."""

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from shopboard.importing import text_of
from shopboard.problems import ShopProblem

LINES = [line.split(": ") for line in text_of("encodings.txt").splitlines() if not line.startswith("#")]
ENCODINGS = {codec: name for codec, name, *_ in LINES}
LETTERS = {codec: letters[0].split() for codec, _, *letters in LINES if letters}
WESTERN = ("cp1252", "cp850", "mac_roman")
WIDE = "[A-Z0-9"  # begins the letters of scripts in which digits touch them

NO_WORD = (  # capitals after small letters aside, what no word has: letters that only end one, signs in and before words
    r"[ςךםןףץةى][^\W\d_]|σ\b|[^\W\d_][€£¥¢§]|[€£¥¢§©®¼½¾¹²³±][^\W\d_]|[^\W\d_][°´“”…•™«»¿¡×][^\W\d_]"
)

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

WINDOWS_SIGNS = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"  # those at 0x80 to 0x9F

MENDINGS = (  # what tells that a file was written so, what is then replaced in its lines, by what, and how that is told
    (
        r"""(^|[,;\t|"])\\N(?=[,;\t|"\r\n])|[^\\,;\t|]\\"[^",;\t|\r\n]""",
        r'\\(["\\\r\n])',
        lambda found: '""' if found[1] == '"' else found[1],
        "a backslash before a quote is read as MySQL writes it",
    ),
    (
        (excel := r'(^|[,;\t|])(?:="([^"\r\n]*)"|"=""([^"\r\n]*)""")(?=[,;\t|\r\n]|$)'),
        excel,
        lambda found: f'{found[1]}"{found[2] or found[3] or ""}"',
        '="text" is read as text',
    ),
    (
        r"\A'[^'\r\n]*'([,;\t|]'[^'\r\n]*')+\r?\n",
        r"^'|(?<=[,;\t|])'|'(?=[,;\t|\r\n]|$)",
        '"',
        "single quotes around values left out",
    ),
    (r'\A[^\r\n]*[,;|] +"', r'([,;|]) +"', r'\1"', "blanks before quotes left out"),
    (rule := r"^(?=[^-=\r\n]*[-=]{2})[ \t|+=:_-]+\r?$", rule, "", "lines of dashes or the like passed over"),
    (
        f"Ã[\x80-\xbf{WINDOWS_SIGNS}]",
        f"[\x80-\xff{WINDOWS_SIGNS}]+",
        lambda found: read_again(found[0]),
        "letters that were written as UTF-8 twice (such as Ã¶) mended",
    ),
)

FOREIGN_WORD = re.compile(rb"""[^\s,;|"]*[\x80-\xff][^\s,;|"]*""")


def byte_as_windows(error: UnicodeError) -> tuple[str | bytes, int]:
    """Read a byte that its encoding does not know as Windows-1252 has it, so that no byte is lost; half a letter of UTF-16 as a sign of replacement."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.startswith(("utf-16", "utf-32")):  # half a letter, of two or four bytes
        return "\N{REPLACEMENT CHARACTER}", error.end
    byte = error.object[error.start : error.start + 1]
    return byte.decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252"), error.start + 1


@cache
def words_of(codec: str) -> list[re.Pattern]:
    """Return patterns of words, one for each language of a codec and at last for all of them; German names are everywhere."""
    signs, never = r"[\x00-@\[-`{-\x7f°´’‘“”–—…•™«»¿¡¢½¼¾¹²³±×·€£¥§®©\xa0]*", NO_WORD
    alphabets = LETTERS[codec]
    if alphabets[0].startswith("["):
        runs = [f"{alphabets[0]}+"]
    else:
        if codec not in ("cp1251", "koi8_r", "cp866", "cp1253"):
            alphabets = [f"a-z{letters}äöüßéë" for letters in (*alphabets, "".join(alphabets))]
        if codec in WESTERN:
            signs, never = signs.replace("]", "ªº]", 1), never + r"|[^\x00-\x7f]{3}|[õÕ](?![eE])"
        capitals = [letters.replace("ß", "").upper() + "İ" * (codec == "cp1254") for letters in alphabets]
        runs = [f"(?:[{large}]?[{small}]+|[{large}]+)" for small, large in zip(alphabets, capitals, strict=True)]
    if not alphabets[0].startswith(WIDE):
        never += r"|\d[^\W\d_\x00-\x7f]|[^\W\d_\x00-\x7f]\d"
    letter = r"[^\W\d_]"
    return [
        re.compile(
            rf"(?!.*(?:{never})){signs}(?:(?<!{letter})(?=((?:[A-Za-z]+|{run})(?!{letter})))\1{signs})*", re.DOTALL
        )
        for run in runs
    ]


def fitting(words: Counter, codec: str) -> float:
    """Return how many words read, with a codec, like words of its best language, or nine in ten of those of any of them."""
    read = []
    for word, n in words.items():
        with suppress(UnicodeDecodeError):
            read.append((word.decode(codec), n))
    if codec == "utf-8":
        return sum(n for _, n in read)
    counts = [sum(n for word, n in read if pattern.fullmatch(word)) for pattern in words_of(codec)]
    return max([*counts[:-1], 0.9 * counts[-1]]) if len(counts) > 1 else counts[0]


def encoding_of(file: str, path: Path) -> tuple[str, tuple[str, dict] | None]:
    """Return a text file's codec, and a question with possible answers if that is in doubt; raises ShopProblem if it is cut off."""
    with path.open("rb") as opened:
        head = opened.read(4_096)
    marked = next((codec for mark, codec in MARKS.items() if head.startswith(mark)), None)
    zeros = head[0::2].count(0), head[1::2].count(0)
    if max(zeros) * 10 > len(head) and min(zeros) * 5 < max(zeros):
        marked = marked or ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le")
    if marked:
        if path.stat().st_size % {"utf-16": 2, "utf-32": 4}.get(marked[:6], 1):
            raise ShopProblem(f"{file} is cut off in the middle of its last letter: export it again.")
        return marked, None
    try:
        with path.open(encoding="utf-8", newline="") as text:
            while text.read(1_000_000):
                pass
        return "utf-8", None
    except UnicodeDecodeError as error:
        cut_off = error.reason == "unexpected end of data"
    words: Counter = Counter()
    broken, valid = 0, 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                valid += bool(line.decode()) and not line.isascii()
            except UnicodeDecodeError:
                broken += 1
                words.update(FOREIGN_WORD.findall(line))
            if broken == 20_000 or len(words) > 5_000:  # enough to tell
                break
    if cut_off and valid:
        raise ShopProblem(f"{file} is cut off in the middle of its last letter: export it again.")
    return likeliest(words, mixed=valid * 3 > broken)


def likeliest(words: Counter, mixed: bool) -> tuple[str, tuple[str, dict] | None]:
    """Return the codec in which most words read like words, and a question where another one is hardly worse."""
    words = Counter(dict(words.most_common(1_000)))
    total = sum(words.values())
    shares = {codec: fitting(words, codec) / total for codec in ENCODINGS}
    shares["cp1252"] += 0.03  # by far the most frequent
    best = "utf-8" if mixed else max(shares, key=shares.get)
    readings = {best: read_words(words, best)}
    for codec in sorted(shares, key=shares.get, reverse=True):
        reading = read_words(words, codec)
        if reading not in readings.values() and len(readings) < 4:
            readings[codec] = reading
    rivals = [codec for codec in readings if codec in WESTERN and codec != best and shares[codec] > 0.8 * shares[best]]
    if best in WESTERN[:2] and shares[best] > 0.8 and not rivals:
        return best, None
    differing = [n for n, read in enumerate(zip(*readings.values(), strict=True)) if len(set(read)) > 1][:3]
    options = {
        f"{ENCODINGS[codec]}: {', '.join(read[n] for n in differing)}": codec for codec, read in readings.items()
    }
    return best, (f"Which of these reads right? For now it is read as {ENCODINGS[best]}.", options)


def read_again(text: str) -> str:
    """Return a text whose UTF-8 was taken for Windows-1252 and written as UTF-8 once more; any other as it is."""
    try:
        signs = (sign.encode("latin-1" if sign in "\x81\x8d\x8f\x90\x9d" else "cp1252") for sign in text)
        return b"".join(signs).decode()
    except UnicodeError:
        return text


def mended(lines: Iterator[str], mendings: list[tuple]) -> Iterator[str]:
    """Return lines with their mendings."""
    for _, replaced, by, _ in mendings:
        lines = map(partial(re.compile(replaced).sub, by), lines)
    return lines


def last_lines(path: Path, codec: str, start: int) -> list[str]:
    """Return the lines at the end of a file, after byte `start`: there stands what is still open."""
    with path.open("rb") as opened:
        opened.seek(max(start, path.stat().st_size - 100_000) // 4 * 4)
        return opened.read().decode(codec, "as_windows").splitlines(keepends=True)[1:]


def read_words(words: Counter, codec: str) -> list[str]:
    """Return the most frequent words as a codec reads them."""
    return [word.decode(codec, "as_windows").strip("'()") for word, _ in words.most_common(50)]
