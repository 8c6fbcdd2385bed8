"""What shops call their columns: the words of each language, and the names of fields that are made of them."""

import pkgutil
import re
from dataclasses import dataclass
from functools import cache

from shopboard.importing.values import folded

LANGUAGES = tuple(
    "english german french spanish portuguese italian dutch danish_norwegian swedish finnish polish czech_slovak hungarian romanian "
    "turkish russian greek hebrew arabic chinese japanese korean indonesian thai vietnamese sap".split()
)


def words_of(languages: tuple[str, ...]) -> dict[str, str]:
    """Return, for each thing that languages have words for, a pattern of them all, as `squashed` makes names of them.

    `words/<language>.txt` holds a thing a line and what exports call it, as they write it, with "?" and "( )" as in patterns.
    "one" makes a price that of one piece, "of" stands between two words. To teach the import a language, add a file.
    """
    words: dict[str, list[str]] = {}
    for language in languages:
        content = pkgutil.get_data("shopboard.importing", f"words/{language}.txt") or b""
        for line in content.decode("utf-8").splitlines():
            thing, _, spelled = re.sub(r"[\s\-]", "", folded(line)).partition(":")
            words.setdefault(thing, []).extend(spelled.split(","))
    return {thing: "|".join(dict.fromkeys(spelled)) for thing, spelled in words.items()}


WORDS = words_of(LANGUAGES)  # a field's names below are made of these


WORDS["of"] = f"({WORDS['of']})?"


WORDS["money"] = (  # what may stand behind an amount
    "(in)?(usd|eur|gbp|cad|aud|chf|sek|nok|dkk|pln|czk|huf|ron|try|brl|ars|mxn|inr|idr|jpy|cny|dollars?|euros?|rs"
    "|ht|ttc|brutto|netto|gross|net|(exc?l?|incl?)(tax|vat)|(tax|vat)(inc|exc)l?(uded)?)"
)


@dataclass(frozen=True)
class Field:
    """A column of the four tables, or what one is computed from: its label, what its values are, and its names."""

    label: str
    kind: str  # "id", "text", "date", "number", "whole", "stars"
    names: tuple[str, ...]  # patterns of squashed names, the best first; {word} stands for one of WORDS
    avoid: str = ""  # names with one of these mean something else


WRONG_DATES = folded(  # in names of dates that are not the order's
    "load|etl|insert|import|sync|export|print|ship|deliver|due|requir|estimat|approv|updat|modif|birth|expir|limit|cancel|return|versand|liefer|geburt|faellig|geandert|naissance|livraison|nacimiento|entrega|envio|nascita|spedizione|consegna|ends?|closed|fulfil|refund|process|first|last|retour|annul"
    "|teslim|termin|doğum|wysył|dostaw|urodz|dodání|doruč|odesl|naroz|szállít|születés|livrar|leverans|levering|födelse|fødsel|toimit|lähet|syntymä"
    "|доставк|отгруз|рожд|παράδοσ|αποστολ|γέννησ|משלוח|אספקה|לידה|توصيل|شحن|ميلاد|发货|發貨|签收|出生|発送|配送|出荷|納期|納品|生年|배송|발송|생년|kirim|lahir"
)


FIELDS = {  # table -> column -> Field; `unit_price` and `discount` make up a total where a source has none
    "orders": {
        "order_id": Field(
            "Line",
            "id",
            (
                "{order}?(lines?|details?|rows?|items?|positions?)({id})",
                "rowid|lineid|rowno|indice|index|{order}?(position|pos|zeile)({id})?",
                "{order}{id}|id",
            ),
        ),
        "order_number": Field(
            "Order",
            "id",
            (
                "({order})({of}{order})?({id})|({id}){of}({order})",
                "{order}|(external|document|doc){id}|{order}(name|increment{id})|incrementid",
                ".*(order|invoice|receipt|transaction|ticket)({id})",
            ),
            "^(number|num|no|nr)of|record|parent|original|return|refund|payment",
        ),
        "order_date": Field(
            "Date",
            "date",
            (
                "({order}){of}{date}(key)?|{date}{of}({order})(s)?|(ordered|purchased|placed|sold)(at|on)",
                "{order}?(purchase|placed|created){date}|(order)?{date}{date}?(key)?",
                "({order}).*{date}|({order}){date}.*|.*{date}",
            ),
            WRONG_DATES,
        ),
        "customer_id": Field(
            "Customer",
            "id",
            (
                "({customer})unique{id}",
                "({customer})(user|account|login|reference)?({id})|({id}){of}({customer})",
                "fk({customer})|({customer})|contact{id}",
                "({customer}|{order}|contact|billing|from|payer)?{of}({email})(address)?({of}({customer}))?",
                "({customer})+{of}({name}|{fullname})|({name}|{fullname}){of}({customer})+|contact(name)?",
                "({customer}|{order}){fullname}",  # a name in a table of orders
            ),
            "account(code|n(o|um|umber))$",
        ),
        "product_id": Field(
            "Product",
            "id",
            (
                "({product})({id})|({id}){of}({product})",
                "(merchant|seller)?{sku}|({product})({sku}|variant{id})|({id}){sku}",
                "({product})|({product}){of}({name})|({name}){of}({product})",
                "({text})|({product}){of}({text})|models?",
            ),
            "^(number|num|no|nr)of",
        ),
        "quantity": Field(
            "Quantity",
            "number",
            (
                "({order}|{product})*({quantity}){of}({order}|{product})*(ordered|sold|purchased)?|unidades|adet",
                "(units?|items?|bottles|boxes|packs|copies|kits|bags)(sold|ordered|shipped)|count",
                "(total|sum)({quantity})({product})?|({quantity})({product})|total({product})|.*(quantity|qty|cnt|menge|cantidad|quantidade).*",
            ),
            "stock|stok|inventory|hand|return|refund|available|bestand|lager|cancel|min|max|price|cost|discount|per",
        ),
        "total_amount": Field(
            "Amount",
            "number",
            (
                "(line|row|position|zeilen|positions)(total|amount|revenue|price|preis|betrag|summe)({money})?|lineamount|linerevenue|(order)?item(total|amount|revenue)|ext(ended)?{price}"
                "|((total|net)?(sales|revenue|umsatze?|omzet|chiffredaffaires)(amount|total)?|sales?{money}|netsales|netto(betrag|wert)|totalspent|totalline|ingresosporproductos)({money})?"
                "|(({order}|{product})?({total}){of}({order}|{product})?({price}|{amount}){of}({product}|{order})?|({product})?({price}|{amount}){of}({total}))({money})?",
                "({total}(paid)?|{amount}|({order}){of}({total}|{amount})|({total}|{amount}|grandtotal|sum|value){of}({order})|grandtotal(base|purchased)?|amount(due|paid|charged)|ext(ended)?{amount}"
                "|payment(value|amount)?|({price})(paid|total)|paid({price})|final({price}|{amount})|productsales|nett?o(betrag|umsatz)?|(gross|net)({amount}))({money})?",
                "({order}){of}value|(gross|brutto|net|netto)(sales|revenue|amount|total|betrag|umsatz)?|({order}|{product})?(sub)?total.*|.*({amount}|umsatz|revenue|sales)",
                "totalcosts?.*",
            ),
            "(?<!inc)(?<!incl)(?<!ex)(?<!excl)(tax|vat)(?!incl|excl)|ship|fracht|freight|(?<!after)(?<!less)(?<!minus)discount|rabatt|refund|profit|margin|(?<!^total)cost|mwst|steuer|fee|remise|target|forecast|tip$|tips"
            "|quantity|items$|qty|units|(?<!dis)count|lines$|pieces|products$|articles$|orders$|customers$",
        ),
        "unit_price": Field(
            "Price of one",
            "number",
            (
                "soldfor|({product})?((unit|einzel|stuck|sale|selling|deal|net|item|vk|lineitem)({price}|cost)|({price}){of}({one})|({one}){of}({price}|{amount}))({money})?|valorunit(ario)?|rate",
                "({product})?({price})({of}({product}))?({money})?|valor(do)?produto",
                ".*price.*|.*preis.*|itemcost",
            ),
            "compare|(?<!^item)cost|total|(?<!at)(?<!of)purchase|buy|einkauf|(?<!s)old|ship|freight|deliver|giftwrap|^(tax|vat)",
        ),
        "discount": Field(
            "Discount",
            "number",
            (
                "({product}|{order}|line)?({discount}|sconto|popust)(rate|percent(age)?|pct|in|applied|prozent|value|{amount})?({money})?|({discount}){of}({product}|{order}|line)",
            ),
        ),
        "status": Field(
            "Status",
            "text",
            (
                "({order}){of}({status}|state|zustand|etat|estado|stato)|({status}|state|estado|etat|stato){of}({order})",
                "{status}|current(state|status)|result|({order})(status|state){id}|status{id}|event(type|name)?|(payment|financial|fulfil?lment|shipping|zahlungs|liefer|{order})?status|{order}(status|state)",
                "({status}|state|zustand|estado|stato)(name)?",
                "(ship|shipped|deliver(y|ed)?|dispatch|versand|liefer)(ped)?{date}|(paid|payment|bezahlt|pagado|paye)({date}|at|on|am|le|el)",
            ),
            "customer|country",
        ),
        "currency": Field("Currency", "text", ("({order})?({currency})(code|iso)?",)),
    },
    "customers": {
        "name": Field(
            "Name",
            "text",
            (
                "({customer}){of}({name}|{fullname})|({name}|{fullname}){of}({customer})+",
                "{name}|{fullname}|({customer})",
                "({customer})?(company|firma|firm|societe|empresa|razonsocial|ragionesociale|bedrijf|unternehmen|organi[sz]ation)(name)?",
                "({customer})?contact(name)?",
                "(billing|shipping|ship|bill){name}|recipient|empfanger",
            ),
            "login|host|file|first|last|vor|nach|^(tit(le|el|re|ulo|olo)|label)$",
        ),
        "email": Field(
            "Email",
            "text",
            ("({customer}|{order}|contact|billing|from|payer)?{of}({email})(address|id)?({of}({customer}))?",),
        ),
        "region": Field(
            "Region",
            "text",
            (
                "({customer}|{order}|{delivery})?{of}(sales)?({region}|regio|zona)(name)?|({region}){of}({delivery}|{customer})",
                "({customer}|{order}|{delivery}|{billing})?{of}({state}|estado|stato|departement)(code|name|province)?|({state}){of}({delivery}|{customer})",
                "({customer}|{order}|{delivery}|{billing})?{of}({country})(code|name|iso|en)?|({country}){of}({delivery}|{customer})",
                "(sales)?territor(y|ies)(name)?",
                "({customer}|{order}|{delivery}|{billing}|store)?{of}({city}|town)(name)?|({city}){of}({delivery}|{customer})",
                "({customer}|{order}|{delivery}|{billing}|store)?(market|store|branch)(name)?|(store|dealer|branch|shop|outlet)({region}|{state}|{country})(name)?",
                "({delivery})",
            ),
            "payment|status|^order(id|no|number|date)|^(estado|etat|stato)(d|del|della)[aeio]?",
        ),
        "registration_date": Field(
            "Registered",
            "date",
            (
                "({customer})?(registration|registered|signup|signedup|joined?|join|enrol?l(ed|ment)?|member(ship)?|since|anmelde|registrierung|registrierungs|alta|inscription|cadastro|iscrizione|registratie){date}?(on|at)?|({customer}){date}|({customer})since|created(at|on)|kundeseit|(fecha|data|date)(de|do|d)?(registro|alta|cadastro|inscription|iscrizione)",
            ),
            "birth|geburt|naissance|nac|nasc|last|updat",
        ),
        "customer_segment": Field(
            "Segment",
            "text",
            (
                "({customer})?(segment|segmento|tier|loyalty(level)?|membership(type|level)?|kundengruppe|kundentyp|kundensegment)",
                "({customer})(type|group|class|category|typ|gruppe)|typ(e|o)?(de|do|di)?({customer})",
            ),
            "^category$",
        ),
    },
    "products": {
        "product_name": Field(
            "Name",
            "text",
            (
                "(english)?({product}){of}({name}|{text})|({name}|{text}){of}({product})",
                "{name}|{text}|({product})|titel|model",
                "(long|short){text}",
            ),
            "customer|category|supplier|vendor|company|full|first|last|user|seller|type|city|brand|sku|barcode",
        ),
        "category": Field(
            "Category",
            "text",
            (
                "english({product})?({category})({name})?|({product})?({category})({name})?english",
                "({product})?({category})({name})|({name}){of}({category})",
                "({product}|sales|menu)?({category})|({category}){of}({product})",
                "({product}|menu)?(group|class|family|department|dept|segment|gruppe|collection|gama)({name})?|({product})(line|type|typ|tipo|genre)({name})?|genre({name})?",
                "(sub|unter|sous|main|ober){of}({category})({name})?",
                "({product})?({category})code",
                "({product})?({category})({id})",
            ),
            "customer|user|payment|order|ship",
        ),
        "price": Field(
            "List price",
            "number",
            (
                "({product})?(list|catalog|retail|standard|regular|normal|listen|katalog|verkaufs)(price|preis)|prix(de)?vente|(sell|sale|unit)(ing)?price",
                "({product})?({price})|unitprice",
            ),
            "cost|compare|total|ship|freight|deliver|giftwrap|^(tax|vat)",
        ),
        "stock_quantity": Field(
            "Stock",
            "whole",
            (
                "(({product})?(in)?stock|units?in|inventory|lager|bestand|voorraad|existencias|estoque|giacenza|stan)(qty|quantity|level|on?hand|count|stock|menge|bestand)?|(qty|quantity|units)?(on|in)?(hand|stock)|available(qty|quantity|stock)?|lagerbestand|stockactuel",
            ),
            "code|id|date|value|status|number|no$",
        ),
        "supplier": Field(
            "Supplier",
            "text",
            (
                "({supplier})(company)?{name}|({supplier})(company)?",
                "({product})?(brand|marke|marque|marca|merk)({name})?|({supplier})({id})",
            ),
            "city|state|zip|product|country",
        ),
    },
    "reviews": {
        "review_id": Field("Review", "id", ("({review})({id})|({id}){of}({review})", "id")),
        "product_id": Field(
            "Product", "id", ("({product})({id})|({id}){of}({product})", "sku|asin|({product})|({product}){name}")
        ),
        "customer_id": Field(
            "Customer",
            "id",
            ("({customer})unique{id}", "({customer})({id})|({id}){of}({customer})|reviewer{id}", "({customer})?e?mail"),
        ),
        "rating": Field(
            "Stars",
            "stars",
            (
                "({review}|{customer}|{product}|overall|star|user)?(stars?|score|ratings?|sterne|punkte|note|nota|puntuacion|calificacion|voto|valutazione|ocena|puan|overall)(value|score)?|bewertung",
            ),
            "count|average|avg",
        ),
        "review_text": Field(
            "Text",
            "text",
            (
                "({review})?(text|body|comments?|message|content|kommentar|commentaire|comentario|testo|tekst)(message|text|body)?|review|avis|reviewtext",
                "({review})?(title|titel|summary)",
            ),
        ),
        "review_date": Field(
            "Date",
            "date",
            (
                "(rated|reviewed|posted|submitted)(at|on|{date})|({review})({of})?{date}|{date}{of}({review})|{date}|(creation|created){date}?",
                ".*{date}",
            ),
            "answer|updat|modif",
        ),
    },
}


@cache
def pattern(names: str) -> re.Pattern:
    """Return a field's names as one pattern, with the WORDS that they are made of."""
    return re.compile(names.format(**{word: f"(?:{spelled})" for word, spelled in WORDS.items()}))


@cache
def refers_to(name: str) -> str:
    """Return what a squashed name of an id is the id of; empty if it names none."""
    about = ("customer", "product", "order", "supplier", "category")
    ids = ((word, f"(fk)?({{product}})?({{{word}}})({{id}})|({{id}}){{of}}({{{word}}})|{{{word}}}") for word in about)
    return next((word for word, names in ids if re.fullmatch(pattern(names), name)), "")
