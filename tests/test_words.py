"""Whether the headings and the words of shops in many languages are understood, and what must not be taken for them."""

import itertools

import pytest

from shopboard.importing.columns import described
from shopboard.importing.likeness import likeness, subject
from shopboard.importing.proposal import propose, proposed_selects, what_is_lacking
from shopboard.importing.statuses import is_no_product, is_total, status_of
from shopboard.importing.words import FIELDS as FIELDS_OF
from shopboard.importing.words import LANGUAGES, words_of

from proposals import chosen, raw

FIELDS = (
    "orders.order_number, orders.order_date, orders.customer_id, customers.name, customers.email, orders.product_id, products.product_name, "
    "products.category, orders.quantity, products.price, orders.total_amount, orders.status, customers.region"
).split(", ")
HEADINGS = {  # language -> what exports call the columns of FIELDS
    "English": "Order Number, Order Date, Customer ID, Customer Name, Email, SKU, Product Name, Category, Qty, Unit Price, Line Total, Status, State",
    "abbreviated": "ord_no, ord_dt, cust_id, cust_nm, e_mail, prod_cd, prod_nm, prod_cat, ord_qty, unit_prc, ext_amt, ord_status, rgn",
    "German": "Bestellnummer, Bestelldatum, Kundennummer, Kundenname, E-Mail, Artikelnummer, Artikelbezeichnung, Warengruppe, Menge, Einzelpreis, Gesamtpreis, Bestellstatus, Bundesland",
    "German, till": "Transaktionsnummer, Datum, Kunden-Nr., Kunde, E-Mail-Adresse, Artikelnr., Positionsbezeichnung, Kategorie, Anzahl, VK (brutto), Summe, Zahlungsstatus, Ort",
    "French": "N° commande, Date de commande, N° client, Nom du client, Courriel, Réf. article, Désignation, Catégorie, Quantité, Prix unitaire, Montant total, Statut, Région",
    "Spanish": "Número de pedido, Fecha del pedido, Código de cliente, Nombre del cliente, Correo electrónico, Código de producto, Nombre del producto, Categoría, Cantidad, Precio unitario, Importe total, Estado del pedido, Provincia",
    "Portuguese": "Número do Pedido, Data do Pedido, ID do cliente, Nome do cliente, E-mail, Código do produto, Nome do Produto, Categoria, Quantidade Comprada, Preço unitário, Valor total, Status do Pedido, UF",
    "Italian": "Numero ordine, Data ordine, Codice cliente, Nome cliente, Email, Codice articolo, Descrizione articolo, Categoria, Quantità, Prezzo unitario, Importo totale, Stato ordine, Regione",
    "Dutch": "Bestelnummer, Besteldatum, Klantnummer, Naam koper, E-mailadres, Artikelnummer, Omschrijving, Categorie, Aantal, Stuksprijs, Totaalbedrag, Bestelstatus, Provincie",
    "Danish": "Ordrenummer, Ordredato, Kundenummer, Kundenavn, E-mail, Varenummer, Varenavn, Kategori, Antal, Stykpris, I alt, Status, Region",
    "Norwegian": "Ordrenummer, Ordredato, Kundenummer, Kundenavn, E-post, Varenummer, Varenavn, Kategori, Antall, Enhetspris, Beløp, Ordrestatus, Fylke",
    "Swedish": "Ordernummer, Orderdatum, Kundnummer, Kundnamn, E-post, Artikelnummer, Benämning, Kategori, Antal, À-pris, Belopp, Orderstatus, Län",
    "Finnish": "Tilausnumero, Tilauspäivä, Asiakasnumero, Asiakkaan nimi, Sähköposti, Tuotekoodi, Tuotenimi, Tuoteryhmä, Määrä, Yksikköhinta, Yhteensä, Tila, Maakunta",
    "Polish": "Numer zamówienia, Data zamówienia, Login kupującego, Imię i nazwisko, E-mail, Numer oferty, Nazwa oferty, Kategoria, Liczba sztuk, Cena za sztukę, Wartość, Status zamówienia, Województwo",
    "Czech": "Číslo objednávky, Datum objednávky, ID zákazníka, Jméno zákazníka, E-mail, Kód produktu, Název produktu, Kategorie, Množství, Cena za kus, Celkem, Stav objednávky, Město",
    "Slovak": "Číslo objednávky, Dátum objednávky, Číslo zákazníka, Meno a priezvisko, E-mail, Kód tovaru, Názov tovaru, Kategória, Množstvo, Jednotková cena, Spolu, Stav, Mesto",
    "Hungarian": "Rendelésszám, Rendelés dátuma, Vevőkód, Vevő neve, E-mail cím, Cikkszám, Termék neve, Kategória, Mennyiség, Egységár, Összesen, Állapot, Megye",
    "Romanian": "Nr. comandă, Data comenzii, Cod client, Nume client, Email, Cod produs, Denumire produs, Categorie, Cantitate, Preț unitar, Valoare totală, Stare comandă, Județ",
    "Turkish": "Sipariş Numarası, Sipariş Tarihi, Müşteri No, Müşteri Adı Soyadı, E-posta, Ürün Kodu, Ürün Adı, Kategori, Adet, Birim Fiyatı, Toplam Tutar, Sipariş Durumu, Şehir",
    "Russian": "Номер заказа, Дата заказа, Код клиента, ФИО, Эл. почта, Артикул, Наименование товара, Категория, Кол-во, Цена за единицу, Сумма, Статус заказа, Регион",
    "Greek": "Αριθμός παραγγελίας, Ημερομηνία παραγγελίας, Κωδικός πελάτη, Ονοματεπώνυμο, Email, Κωδικός προϊόντος, Όνομα προϊόντος, Κατηγορία, Ποσότητα, Τιμή μονάδας, Σύνολο, Κατάσταση, Πόλη",
    "Hebrew": 'מספר הזמנה, תאריך הזמנה, מספר לקוח, שם לקוח, אימייל, מק"ט, שם מוצר, קטגוריה, כמות, מחיר יחידה, סה"כ, סטטוס, עיר',
    "Arabic": "رقم الطلب, تاريخ الطلب, رقم العميل, اسم العميل, البريد الإلكتروني, رمز المنتج, اسم المنتج, الفئة, الكمية, سعر الوحدة, الإجمالي, حالة الطلب, المدينة",
    "Chinese, simplified": "订单编号, 下单时间, 客户编号, 客户名称, 邮箱, 商品编码, 商品名称, 商品分类, 数量, 单价, 金额, 订单状态, 省份",
    "Chinese, traditional": "訂單編號, 訂單日期, 客戶編號, 客戶姓名, 電子郵件, 商品編號, 商品名稱, 商品類別, 數量, 單價, 總金額, 訂單狀態, 城市",
    "Japanese": "注文番号, 注文日, 顧客ID, 顧客名, メールアドレス, 商品コード, 商品名, カテゴリー, 数量, 単価, 金額, ステータス, 都道府県",
    "Korean": "주문번호, 주문일자, 고객번호, 고객명, 이메일, 상품코드, 상품명, 카테고리, 수량, 단가, 금액, 주문상태, 지역",
    "Indonesian": "Nomor Pesanan, Tanggal Pesanan, Kode Pelanggan, Nama Pelanggan, Email, Kode Produk, Nama Produk, Kategori, Jumlah, Harga Satuan, Total Harga, Status Pesanan, Provinsi",
}
STATUSES = {  # language -> words that mean Completed, Pending, Cancelled, Returned
    "English": "Shipped, Unshipped, Cancelled, Refunded",
    "abbreviated": "SENT, READY_FOR_PROCESSING, VOID, REFUND",
    "German": "Versendet, Nicht bezahlt, Bestellung storniert, Retourniert",
    "German, till": "Bezahlt, Offen, Storno, Gutschrift",
    "French": "Paiement accepté, En attente du paiement par chèque, Erreur de paiement, Remboursé",
    "Spanish": "Entregado, No enviado, Cancelada por el comprador, Devuelto",
    "Portuguese": "Concluído, A Enviar, Cancelado, Devolvido",
    "Italian": "Spedito, Non spedito, Annullato, Rimborsato",
    "Dutch": "Verzonden, Niet betaald, Geannuleerd, Geretourneerd",
    "Danish": "Afsendt, Afventer betaling, Annulleret, Krediteret",
    "Norwegian": "Levert, Ikke betalt, Kansellert, Returnert",
    "Swedish": "Slutförd, Obetald, Avbeställd, Återbetald",
    "Finnish": "Toimitettu, Käsittelyssä, Peruttu, Palautettu",
    "Polish": "Wysłane, Do wysłania, Anulowane, Zwrócone",
    "Czech": "Vyřízena, Čeká na platbu, Zrušena, Vráceno",
    "Slovak": "Vybavená, Čaká na platbu, Zrušená, Vrátená",
    "Hungarian": "Kiszállítva, Függőben, Törölve, Visszaküldve",
    "Romanian": "Livrată, În așteptare, Anulată, Returnată",
    "Turkish": "Teslim Edildi, Yeni, İptal Edildi, İade Edildi",
    "Russian": "Доставлен, Новый, Отменён, Возвращён",
    "Greek": "Ολοκληρωμένη, Σε επεξεργασία, Ακυρωμένη, Επιστροφή",
    "Hebrew": "הושלמה, ממתין לתשלום, בוטלה, הוחזרה",
    "Arabic": "مكتمل, قيد المعالجة, ملغي, مرتجع",
    "Chinese, simplified": "交易成功, 等待买家付款, 交易关闭, 退款成功",
    "Chinese, traditional": "已出貨, 待出貨, 已取消, 已退貨",
    "Japanese": "発送済み, 入金待ち, キャンセル, 返品済み",
    "Korean": "구매확정, 입금대기, 취소완료, 반품완료",
    "Indonesian": "Pesanan Selesai, Menunggu Pembayaran, Dibatalkan, Dikembalikan",
}
FOUR = ("Completed", "Pending", "Cancelled", "Returned")


def lines_of_a_shop(words):
    """Return 60 lines of 30 orders in the order of FIELDS, and their amount by status."""
    rows, sums = [], dict.fromkeys(FOUR, 0)
    for line in range(60):
        order, product = line // 2, line * 7 % 9
        customer, pieces, price = order % 11, line % 4 + 1, 350 + 125 * product
        status = order % 4
        sums[FOUR[status]] += pieces * price
        rows.append(
            [
                f"{7000 + order}",
                f"2024-{order % 12 + 1:02}-{line % 2 + 17}",
                f"K{customer}",
                f"Person {customer}",
                f"{customer}@example.com",
                f"A-{product}",
                f"Thing {product}",
                f"Kind {product % 3}",
                f"{pieces}",
                f"{price / 100:.2f}",
                f"{pieces * price / 100:.2f}",
                words[status],
                f"Place {customer % 3}",
            ]
        )
    return rows, sums


@pytest.mark.parametrize("language", HEADINGS)
def test_a_shop_in_its_language(language):
    header, words = HEADINGS[language].split(", "), STATUSES[language].split(", ")
    rows, sums = lines_of_a_shop(words)
    connection = raw(export=(header, rows))
    proposal = propose(connection)
    found = chosen(proposal)
    assert {field: found.get(field) for field in FIELDS} == {
        field: f"export.{name}" for field, name in zip(FIELDS, header, strict=True)
    }
    assert what_is_lacking(proposal) == ""
    loaded = connection.execute(
        f"SELECT status, SUM(total_amount) FROM ({proposed_selects(proposal)['orders']}) GROUP BY 1"
    )
    assert {status_of(word): round(100 * amount) for word, amount in loaded} == sums


EXPORTS = {  # headings that differ from the above, as shops, tills and book-keeping write them = what they are
    "rakuten": "注文番号 = number, 注文日時 = date, 商品管理番号 = code, 商品名 = name, 個数 = pieces, 単価 = price, 合計金額 = total, 注文者氏名 = customer, メールアドレス = email",
    "shopee": "No. Pesanan = number, Status Pesanan = status, Waktu Pesanan Dibuat = date, Nama Produk = name, SKU Induk = code, Jumlah = pieces, Total Harga Produk = total",
    "ozon": "Номер заказа = number, Принят в обработку = date, Статус = status, Наименование товара = name, Артикул = code, Количество = pieces, Цена товара = price, Оплачено покупателем = total",
    "shoptet": "Kód objednávky = number, Datum = date, Stav = status, Jméno = customer, E-mail = email, Kód položky = code, Název položky = name, Množství = pieces, Cena za jednotku = price, Celková cena = total",
    "unas": "Rendelés azonosító = number, Dátum = date, Státusz = status, Vevő neve = customer, Cikkszám = code, Terméknév = name, Mennyiség = pieces, Bruttó egységár = price, Összesen = total",
    "emag": "ID comanda = number, Data comanda = date, Status = status, Nume client = customer, Nume produs = name, Cod produs = code, Cantitate = pieces, Preț = price, Total = total",
    "skroutz": "Κωδικός Παραγγελίας = number, Ημ/νία = date, Πελάτης = customer, Προϊόν = name, Ποσ. = pieces, Τιμή = price, Αξία = total",
    "salla": "رقم الطلب = number, تاريخ الطلب = date, حالة الطلب = status, اسم العميل = customer, المنتجات = name, الكمية = pieces, السعر = price, إجمالي الطلب = total",
    "coupang": "주문번호 = number, 주문일 = date, 상품명 = name, 구매수량 = pieces, 판매가 = price, 결제금액 = total, 구매자 = customer",
    "jd": "订单号 = number, 下单时间 = date, 商品名称 = name, 商品数量 = pieces, 商品单价 = price, 订单金额 = total, 订单状态 = status, 客户姓名 = customer",
    "verkkokauppa": "Tilausnro = number, Pvm = date, Asiakas = customer, Tuotenumero = code, Tuote = name, Kpl = pieces, À-hinta = price, Summa = total",
    "dk": "Ordre nr. = number, Dato = date, Kunde = customer, Varenr. = code, Beskrivelse = name, Antal = pieces, Stk. pris = price, Beløb = total",
    "se": "Ordernr = number, Datum = date, Kund = customer, Artikelnr = code, Artikelnamn = name, Antal = pieces, Pris/st = price, Summa = total",
    "subiekt": "Nr dokumentu = number, Data sprzedaży = date, Kontrahent = customer, Symbol = code, Nazwa towaru = name, Ilość = pieces, Cena brutto = price, Wartość brutto = total",
    "1c": "Дата = date, Документ = number, Контрагент = customer, Номенклатура = name, Кол-во = pieces, Цена = price, Сумма = total",
    "priority": "מספר חשבונית = number, תאריך = date, שם לקוח = customer, מקט = code, תאור מוצר = name, כמות = pieces, מחיר ליחידה = price, סהכ מחיר = total",
    "logo": "Fatura No = number, Tarih = date, Cari Ünvanı = customer, Malzeme Kodu = code, Malzeme Açıklaması = name, Miktar = pieces, Birim Fiyat = price, Tutar = total",
    "lexware": "Rechnungsnr. = number, Rechnungsdatum = date, Kunde = customer, Artikel-Nr. = code, Bezeichnung = name, Menge = pieces, E-Preis = price, Gesamt = total",
    "ebp": "N° facture = number, Date = date, Client = customer, Code article = code, Désignation = name, Qté = pieces, PU HT = price, Montant HT = total",
    "facturaplus": "Nº Factura = number, Fecha = date, Cliente = customer, Artículo = name, Cant. = pieces, P.V.P. = price, Importe = total",
    "danea": "Num. fattura = number, Data = date, Cliente = customer, Cod. articolo = code, Descrizione = name, Q.tà = pieces, Prezzo = price, Importo = total",
}
MEANT = {
    "number": "orders.order_number",
    "date": "orders.order_date",
    "customer": "customers.name",
    "email": "customers.email",
    "code": "orders.product_id",
    "name": "products.product_name",
    "pieces": "orders.quantity",
    "price": "products.price",
    "total": "orders.total_amount",
    "status": "orders.status",
}


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_of_another_kind(export):
    headings = dict(heading.split(" = ") for heading in EXPORTS[export].split(", "))
    rows, _ = lines_of_a_shop(["paid", "open", "cancelled", "refunded"])
    columns = [FIELDS.index(MEANT[means]) for means in headings.values()]
    found = chosen(propose(raw(export=(list(headings), [[row[place] for place in columns] for row in rows]))))
    assert {heading: found.get(MEANT[means]) for heading, means in headings.items()} == {
        heading: f"export.{heading}" for heading in headings
    }


@pytest.mark.parametrize("language", STATUSES)
def test_words_for_a_status_in_each_language(language):
    assert tuple(map(status_of, STATUSES[language].split(", "))) == FOUR


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("Fully refunded", "Returned"),
        ("Delivered and refunded", "Returned"),
        ("Shipped - Returned to Seller", "Returned"),
        ("Cancelled & refunded", "Returned"),
        ("Cancelled by customer", "Cancelled"),
        ("Order cancelled by the seller", "Cancelled"),
        ("Payment failed", "Cancelled"),
        ("Paid, processing", "Pending"),
        ("Order delivered to the customer", "Completed"),
        ("Auftrag storniert", "Cancelled"),
        ("Commande annulée", "Cancelled"),
        ("Zamówienie wysłane", "Completed"),
        # negations
        ("Not Returned", "Completed"),
        ("Not shipped", "Pending"),
        ("Unpaid", "Pending"),
        ("Non payé", "Pending"),
        ("nicht bezahlt", "Pending"),
        ("не оплачен", "Pending"),
        ("Not cancelled, not refunded", None),
        ("No longer shipped", None),
        # what one word says and another takes back, and what is under way
        ("partially refunded", "Completed"),
        ("Partially cancelled", None),
        ("Return to sender", None),
        ("Cancellation requested", None),
        ("Awaiting return", None),
        ("Refund pending", None),
        ("Return cancelled", None),
        ("Refund declined", None),
        ("Shipped - Lost in Transit", None),
        ("Shipped - Damaged", None),
        ("Order received", None),
        # no statuses
        ("New York", None),
        ("New customer", None),
        ("Open University", None),
        ("Paid by card", None),
        ("Order", "Completed"),
        ("Order payment", None),
        ("Sold out", None),
    ],
)
def test_a_phrase_for_a_status_means_what_its_words_do_or_nothing(phrase, meant):
    assert status_of(phrase) == meant


@pytest.mark.parametrize(
    "words",
    [
        "Yes, No, Y, N, true, false, 0, 1",
        "PayPal, Credit card, Cash on delivery, Klarna, Visa, Bank transfer, Überweisung, Carte bancaire, Pix, Boleto",
        "NY, CA, TX, IN, SP, RJ, Bayern, Île-de-France, Madrid, Novosibirsk, New Jersey, Nova Scotia, 東京都, 서울, 广东省",
        "DHL, UPS, Standard, Express, Web, App, Retail, B2B, Gold, Silver, male, female",
    ],
)
def test_what_is_no_status(words):
    assert [word for word in words.split(", ") if status_of(word)] == []


WITHOUT = {  # a heading, values that it might have, and the field that it is not, however much it may look like it
    "Number of Items": ("2", "orders.product_id"),
    "No. of orders": ("2", "orders.order_number"),
    "Full Name": ("Ann Smith", "products.product_name"),
    "Type": ("Sales invoice", "products.category"),
    "Account Code": ("200", "orders.customer_id"),
    "Return Order ID": ("R1", "orders.order_number"),
    "Total Items": ("3", "orders.total_amount"),
    "Total Quantity": ("3", "orders.total_amount"),
    "Stock Quantity": ("30", "orders.quantity"),
    "Qty Refunded": ("1", "orders.quantity"),
    "Discount Quantity": ("1", "orders.quantity"),
    "Delivery Date": ("2024-05-06", "orders.order_date"),
    "Data dostawy": ("2024-05-06", "orders.order_date"),
    "発送日": ("2024-05-06", "orders.order_date"),
    "Дата рождения": ("1980-05-06", "orders.order_date"),
    "Order Tax Total": ("1.50", "orders.total_amount"),
    "Total Discount": ("1.50", "orders.total_amount"),
    "State Code": ("TX", "orders.status"),
    "record_id": ("17", "orders.order_number"),
    "Stok Adedi": ("30", "orders.quantity"),
    "Keterangan": ("lunas", "orders.product_id"),
}


@pytest.mark.parametrize("heading", WITHOUT)
def test_a_name_that_only_looks_like_a_field(heading):
    value, field = WITHOUT[heading]
    table, name = field.split(".")
    column = described("export", heading, [value] * 20)
    assert likeness(column, FIELDS_OF[table][name]) == 0


@pytest.mark.parametrize(
    ("better", "worse", "value", "field"),
    [
        ("Category Name", "Category", "Bath", "products.category"),
        ("category_code", "category_id", "bath", "products.category"),
        ("EnglishProductName", "ProductKey", "Soap", "products.product_name"),
        ("order_date", "payment_date", "2024-05-06", "orders.order_date"),
        ("Order ID", "amazon-order-id", "17", "orders.order_number"),
        ("Total Revenue", "Total Cost", "17.50", "orders.total_amount"),
        ("sales", "Sale (Dollars)", "17.50", "orders.unit_price"),
        ("Line Total", "Order Total (inc tax)", "17.50", "orders.total_amount"),
        ("Quantity", "item_cnt_day", "2", "orders.quantity"),
        ("Customer ID", "Contact email", "a@b.c", "orders.customer_id"),
    ],
)
def test_the_better_of_two_names(better, worse, value, field):
    table, name = field.split(".")
    first, second = (
        likeness(described("export", heading, [value] * 20), FIELDS_OF[table][name]) for heading in (better, worse)
    )
    assert first > second or first == second == 0


@pytest.mark.parametrize(
    "heading",
    "Contact email, Buyer User ID, Member_number, Naam koper, Customer Reference ID, Nome de usuário (comprador), Cust ID, Alıcı, Login kupującego, 买家会员名, 구매자ID".split(
        ", "
    ),
)
def test_what_tells_customers_apart(heading):
    column = described("export", heading, ["a@b.c", "d@e.f"] * 10)
    assert likeness(column, FIELDS_OF["orders"]["customer_id"]) > 0.6


def test_people_are_no_customers_for_having_a_first_and_a_last_name():
    names = [described(table, "full name", ["Ann Smith"] * 20) for table in ("orders", "staff", "employees")]
    sure = [likeness(column, FIELDS_OF["orders"]["customer_id"]) for column in names]
    assert sure[0] > 0.5
    assert sure[1:] == [0, 0]


@pytest.mark.parametrize(
    ("heading", "value", "field"),
    [
        ("amount_due", "17.50", "total_amount"),
        ("Sale (Dollars)", "17.50", "total_amount"),
        ("Purchase Amount (USD)", "17.50", "total_amount"),
        ("Order Total (inc tax)", "17.50", "total_amount"),
        ("Grand Total (Purchased)", "17.50", "total_amount"),
        ("Artikelpreis gesamt", "17.50", "total_amount"),
        ("상품별 총 주문금액", "17.50", "total_amount"),
        ("Total_Cost", "17.50", "total_amount"),
        ("Quantity_SKU", "2", "quantity"),
        ("OrderItemQuantity", "2", "quantity"),
        ("VK Netto", "17.50", "unit_price"),
        ("StatusID", "3", "status"),
        ("İndirim Tutarı", "1.50", "discount"),
    ],
)
def test_names_of_shops_and_marketplaces(heading, value, field):
    column = described("export", heading, [value] * 20)
    assert likeness(column, FIELDS_OF["orders"][field]) > 0.4


@pytest.mark.parametrize(
    "postage",
    "Szállítási díj, Poštovné, Taxa de transport, Μεταφορικά, משלוח, 送料, 运费, 運費, 배송비, Toimituskulut, Kargo Ücreti, Доставка, Ongkos kirim".split(
        ", "
    ),
)
def test_postage_is_no_product(postage):
    assert is_no_product(None, postage)


@pytest.mark.parametrize(
    "total",
    'Összesen, Celkem, Mezisoučet, Yhteensä, I alt, Toplam, Genel Toplam, Итого, Σύνολο, סה"כ, الإجمالي, 合計, 总计, 합계'.split(
        ", "
    ),
)
def test_a_line_of_totals(total):
    assert is_total(total)


def test_products_named_alike_are_products():
    names = "Rabattmarke, Total Eclipse T-Shirt, Transportbox, Kargo Pantolon, 割引券ケース, Delivery Bag, Totaalpakket, 送料込みセット".split(
        ", "
    )
    assert [name for name in names if is_no_product(name) or is_total(name)] == []


@pytest.mark.parametrize(
    ("table", "about"),
    [("prod_orders", "order"), ("pedidos", "order"), ("müşteriler", "customer"), ("商品", "product"), ("staff", "")],
)
def test_what_a_table_is_about(table, about):
    assert subject(table) == about


def test_every_language_says_the_same_things():
    things = {language: set(words_of((language,))) for language in LANGUAGES}
    needed = "customer product order id name date quantity price total status category".split()
    assert {language: set(needed) - said for language, said in things.items() if set(needed) - said} == {}
    assert set(itertools.chain(*things.values())) - things["english"] == set()
