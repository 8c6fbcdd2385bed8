"""The encoding of a text file, by what its bytes would say in each."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from shopboard.problems import ShopProblem

ENCODINGS = {  # codec -> its name; of two that fit equally well, the first
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "cp850": "DOS code page 850",
    "cp437": "DOS code page 437",
    "cp1250": "Windows-1250 (Central European)",
    "iso8859_2": "ISO 8859-2 (Central European)",
    "cp852": "DOS code page 852 (Central European)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp857": "DOS code page 857 (Turkish)",
    "cp1257": "Windows-1257 (Baltic)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp866": "DOS code page 866 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp737": "DOS code page 737 (Greek)",
    "cp1256": "Windows-1256 (Arabic)",
    "mac_roman": "Mac OS Roman",
    "cp932": "Shift JIS (Japanese)",
    "cp949": "Korean",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc_jp": "EUC (Japanese)",
    "cp874": "Windows-874 (Thai)",
}


WESTERN = ("cp1252", "cp850", "cp437", "mac_roman")


LETTERS = {  # codec -> the letters beyond ASCII of each of its languages; western names often stand side by side
    **dict.fromkeys(WESTERN, ("áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÿ",)),
    **dict.fromkeys(
        ("cp1250", "iso8859_2", "cp852"),
        ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    ),
    **dict.fromkeys(("cp1254", "cp857"), ("çğıİöşüâîû",)),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž"),
}


ASCII = set(map(chr, range(128)))


ALPHABETS = {  # codec -> the letters of each of its languages; German names are everywhere
    codec: [ASCII | {*letters, *letters.upper(), *"äöüßéëÄÖÜÉ"} for letters in languages]
    for codec, languages in LETTERS.items()
}


JAPANESE = ("HIRAGANA", "KATAKANA", "HALFWIDTH", "CJK")


SCRIPTS = {  # codec -> the scripts that it is for, by the first word of their letters' names
    **dict.fromkeys(("cp1251", "koi8_r", "cp866"), ("CYRILLIC",)),
    **dict.fromkeys(("cp1253", "cp737"), ("GREEK",)),
    **dict.fromkeys(("gb18030", "big5"), ("CJK",)),
    **dict.fromkeys(("cp932", "euc_jp"), JAPANESE),
    "cp1255": ("HEBREW",),
    "cp1256": ("ARABIC",),
    "cp949": ("HANGUL",),
    "cp874": ("THAI",),
}


MISPLACED = re.compile("[ςךםןףץةى].|σ$")  # letters that only end a word, and one that never does


SIGNS = set("€£¥§°´’‘“”–—…•®©™«»¿¡¢½¼¾¹²³±×·\xa0")


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
    (
        rule := r"^(?=[^-=\r\n]*[-=]{2})[ \t|+=:_-]+\r?$",
        rule,
        "",
        "lines of dashes or the like passed over",
    ),
    (
        f"Ã[\x80-\xbf{WINDOWS_SIGNS}]",
        f"[\x80-\xff{WINDOWS_SIGNS}]+",
        lambda found: read_again(found[0]),
        "letters that were written as UTF-8 twice (such as Ã¶) mended",
    ),
)


FOREIGN_WORD = re.compile(rb"""[^\s,;|"]*[\x80-\xff][^\s,;|"]*""")


def byte_as_windows(error: UnicodeError) -> tuple[str | bytes, int]:
    """Read a byte that its encoding does not know as Windows-1252 has it, so that no byte is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start : error.start + 1]
    return byte.decode("latin-1" if byte in b"\x81\x8d\x8f\x90\x9d" else "cp1252"), error.start + 1


def plausible(word: bytes, codec: str) -> bool:
    """Say whether a word reads like one: letters of one script, capitals only in front, signs where signs may stand."""
    try:
        text = word.decode(codec)
    except UnicodeDecodeError:
        return False
    if codec in WESTERN:
        text = re.sub("[ªº]", "", text)
    letters = [sign.isalpha() or unicodedata.category(sign) == "Mn" for sign in text]
    for before, sign, after, is_letter in zip(" " + text, text, text[1:] + " ", letters, strict=False):
        if sign.isascii() or (is_letter and not before.isdigit() and not after.isdigit()):
            continue
        beside = before.isalpha() + after.isalpha()
        if unicodedata.east_asian_width(sign) in "WF" and "CJK" in SCRIPTS.get(codec, ()):
            continue
        if (
            sign not in SIGNS
            or (beside and sign in "€£¥¢§")
            or (after.isalpha() and sign in "©®¼½¾¹²³±")
            or (before.isalpha() and sign not in "’‘–—·€\xa0" and after.isalpha())
        ):
            return False
    runs = "".join(sign if is_letter else " " for sign, is_letter in zip(text, letters, strict=True)).split()
    return all(run.isascii() or plausible_run(run, codec) for run in runs)


def plausible_run(run: str, codec: str) -> bool:
    """Say whether letters without a sign between may be a word, or a part of one, in what a codec is for."""
    foreign = [letter for letter in run if not letter.isascii()]
    cased = run in (run.lower(), run.upper()) or (run[0].isupper() and run[1:] == run[1:].lower())
    if not cased or not (run[0].isalpha() or run[0] == "İ") or MISPLACED.search(run):
        return False
    if codec in WESTERN:
        return not re.search(r"[^\x00-\x7f]{3}", run) and not re.search("õ(?!e)", run.lower())
    if codec not in SCRIPTS:
        return True
    scripts = {re.split("[ -]", unicodedata.name(letter, "?"))[0] for letter in foreign}
    abbreviated = {"CJK", "HANGUL"} & set(SCRIPTS[codec]) and run == run.upper()  # as in "USB" with Chinese around it
    return scripts <= set(SCRIPTS[codec]) and (len(foreign) == len(run) or bool(abbreviated))


def fitting(words: Counter, codec: str) -> float:
    """Return how many words read, with a codec, like words of its best language, or nine in ten of those of any of them."""
    read = [(word.decode(codec), n) for word, n in words.items() if plausible(word, codec)]
    if codec not in ALPHABETS:
        return sum(n for _, n in read)
    foreign = [({letter for letter in text if letter.isalpha() and letter not in "ªº"}, n) for text, n in read]
    any_language = 0.9 * sum(n for letters, n in foreign if letters <= ASCII.union(*ALPHABETS[codec]))
    return max(
        any_language, *(sum(n for letters, n in foreign if letters <= language) for language in ALPHABETS[codec])
    )


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
    if is_utf8(path):
        return "utf-8", None
    words: Counter = Counter()
    valid, broken, last = 0, 0, b""
    with path.open("rb") as lines:
        for line in lines:
            if not line.isascii():
                try:
                    line.decode()
                    valid += 1
                except UnicodeDecodeError as error:
                    broken += 1
                    last = line if error.reason == "unexpected end of data" and error.end == len(line) else b""
                    words.update(FOREIGN_WORD.findall(line))
            if broken == 20_000 or len(words) > 5_000:  # enough to tell
                break
    if broken == 1 and valid and last:
        raise ShopProblem(f"{file} is cut off in the middle of its last letter: export it again.")
    if not broken:
        return "utf-8", None
    return likeliest(words, mixed=valid * 3 > broken)


def is_utf8(path: Path) -> bool:
    """Say whether a file is UTF-8 from its first byte to its last."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as opened:
            while block := opened.read(1_000_000):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


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
    if best in WESTERN[:3] and shares[best] > 0.8 and not rivals:
        return best, None
    differing = [
        n for n in range(total) if n < len(readings[best]) and len({reading[n] for reading in readings.values()}) > 1
    ][:3]
    options = {
        f"{ENCODINGS[codec]}: {', '.join(reading[n] for n in differing)}": codec for codec, reading in readings.items()
    }
    return best, (f"Which of these reads right? For now it is read as {ENCODINGS[best]}.", options)


def read_again(text: str) -> str:
    """Return a text whose UTF-8 was taken for Windows-1252 and written as UTF-8 once more; any other as it is."""
    try:
        return b"".join(
            sign.encode("latin-1" if sign in "\x81\x8d\x8f\x90\x9d" else "cp1252") for sign in text
        ).decode()
    except UnicodeError:
        return text


def mended(lines: Iterable[str], mendings: list[tuple]) -> Iterable[str]:
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
