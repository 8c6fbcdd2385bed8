"""What shops' words for a status mean, and which names are those of no product."""

import re

from shopboard.importing.values import folded, plain_words
from shopboard.importing.words import pattern

SPELLINGS = {  # status -> the words that shops write for it
    "Completed": folded(
        "completed, complete, delivered, received, purchase, purchased, invoice, sale, rechnung, verkauf, shipped, dispatched, fulfilled, paid, captured, settled, sold, done, finished, success, successful, "
        "in transit, out for delivery, partially refunded, shipped delivered to buyer, shipped picked up, shipped out for delivery, "
        "abgeschlossen, erledigt, bezahlt, versandt, versendet, verschickt, geliefert, ausgeliefert, zugestellt, fertig, komplett, "
        "termine, terminee, livre, livree, expedie, expediee, envoye, envoyee, paye, payee, regle, reglee, "
        "completado, completada, completo, entregado, entregada, enviado, enviada, pagado, pagada, despachado, finalizado, finalizada, "
        "concluido, concluida, entregue, pago, paga, completato, completata, consegnato, consegnata, spedito, spedita, pagato, pagata, evaso, evasa, "
        "voltooid, afgerond, afgehandeld, betaald, verzonden, geleverd, bezorgd, zrealizowane, zrealizowany, wyslane, wyslany, oplacone, oplacony, "
        "dostarczone, zakonczone, slutford, levererad, skickad, betald, leveret, sendt, betalt, afsluttet, gennemfort, fullfort, "
        "tamamlandi, teslim edildi, kargoya verildi, выполнен, завершен, доставлен, отправлен, оплачен, 完了, 発送済み, 已完成, 已发货, 已付款, "
        "sent, sales order, picked up, payment, order, not returned, not refunded, in zustellung, nicht retourniert, paiement accepté, en cours de livraison, no devuelto, não devolvido, "
        "klar, slutfört, levererat, levert, afsendt, ekspederet, toimitettu, lähetetty, maksettu, valmis, suoritettu, wysłana, zrealizowana, opłacona, odebrane, dostarczona, zakończona, "
        "vyřízena, vyřízeno, vybavená, odesláno, odeslána, odoslaná, doručeno, doručena, zaplaceno, zaplacena, zaplatená, dokončeno, dokončena, "
        "teljesítve, teljesített, kiszállítva, kézbesítve, feladva, fizetve, kifizetve, livrată, livrat, expediată, expediat, finalizată, finalizat, plătită, plătit, achitată, achitat, "
        "gönderildi, ödendi, teslim alındı, выполнена, выполнено, завершена, доставлена, доставлено, отправлена, отправлено, оплачена, оплачено, получен, "
        "ολοκληρωμένη, ολοκληρωμένο, ολοκληρώθηκε, απεσταλμένη, απεστάλη, παραδόθηκε, πληρωμένη, πληρώθηκε, הושלמה, הושלם, נשלחה, נשלח, נמסרה, נמסר, שולם, שולמה, "
        "مكتمل, مكتملة, تم الشحن, تم التوصيل, تم التسليم, مدفوع, مدفوعة, selesai, pesanan selesai, terkirim, dikirim, telah dikirim, lunas, sudah dibayar, "
        "已發貨, 已出貨, 已收货, 已收貨, 已签收, 已簽收, 已送达, 已送達, 交易成功, 交易完成, 卖家已发货, 卖家已发货 等待买家确认, 発送済, 出荷済み, 出荷済, 配達完了, 配送完了, 配達済み, 入金済み, 入金済, 支払済み, 支払い済み, 受取完了, "
        "배송완료, 배송중, 구매확정, 결제완료, 발송완료, 거래완료"
    ),
    "Pending": folded(
        "pending, processing, payment review, holded, queued, submitted, in process, in progress, open, new, created, unpaid, on hold, onhold, awaiting payment, pending payment, payment pending, "
        "awaiting shipment, awaiting fulfillment, approved, authorized, partially paid, unfulfilled, invoiced, draft, quotation, quotation sent, checkout draft, backordered, "
        "ready for pickup, pending waiting for pick up, offen, ausstehend, in bearbeitung, unbezahlt, neu, wartend, zahlung ausstehend, in vorbereitung, "
        "en cours, en attente, a traiter, en traitement, en preparation, impaye, impayee, non paye, en attente de paiement, "
        "pendiente, en proceso, en espera, procesando, no pagado, pendiente de pago, pendente, aguardando, aguardando pagamento, em processamento, "
        "em andamento, processando, nao pago, in attesa, in lavorazione, in elaborazione, da pagare, non pagato, "
        "openstaand, in behandeling, in afwachting, wachtend, onbetaald, oczekujace, w trakcie, w realizacji, nowe, nieoplacone, "
        "vantande, pagaende, afventer, under behandling, beklemede, hazirlaniyor, в обработке, ожидает, ожидает оплаты, новыи, 处理中, 待付款, 待发货, 処理中, "
        "new order, open order, unshipped, not shipped, not sent, not paid, not fulfilled, awaiting, waiting, ready for processing, acknowledged, payment processing, nicht bezahlt, nicht versendet, nicht versandt, zahlung offen, "
        "en attente du paiement par chèque, en attente du paiement, en attente de paiement par chèque, en cours de préparation, non payée, non expédié, non expédiée, no enviado, a enviar, não enviado, non spedito, niet betaald, niet verzonden, "
        "väntar, behandlas, obetald, ej betald, venter, afventer betaling, ikke betalt, ubetalt, odottaa, odottaa maksua, käsittelyssä, maksamatta, avoin, w trakcie realizacji, oczekuje na płatność, do wysłania, nie opłacone, "
        "čeká na platbu, čeká na zaplacení, čaká na platbu, zpracovává se, vyřizuje se, nová, nezaplaceno, nezaplacena, függőben, feldolgozás alatt, fizetésre vár, új, "
        "în așteptare, în procesare, în curs de procesare, neplătită, neplătit, nouă, yeni, bekliyor, ödeme bekleniyor, onay bekliyor, işleniyor, işleme alındı, новая, не оплачен, ожидает отправки, "
        "εκκρεμεί, σε εκκρεμότητα, σε επεξεργασία, σε αναμονή, νέα, ממתין, ממתינה, ממתין לתשלום, בטיפול, בעיבוד, قيد الانتظار, قيد المعالجة, قيد التنفيذ, معلق, بانتظار الدفع, "
        "menunggu pembayaran, perlu dikirim, menunggu konfirmasi, belum dibayar, diproses, sedang diproses, 等待买家付款, 等待付款, 买家已付款 等待卖家发货, 待出貨, 待發貨, 處理中, 待確認, 待确认, 未付款, 未发货, 未入金, 入金待ち, 未発送, 発送待ち, 支払い待ち, 保留, 受付, "
        "결제대기, 입금대기, 배송준비중, 상품준비중, 배송준비"
    ),
    "Cancelled": folded(
        "cancelled, canceled, cancel, cancellation, void, voided, failed, declined, denied, rejected, refused, expired, abandoned, unavailable, trash, fraud, suspected fraud, order cancelled, order canceled, "
        "storniert, storno, abgebrochen, fehlgeschlagen, abgelehnt, gekundigt, annule, annulee, echoue, echouee, refuse, refusee, "
        "cancelado, cancelada, anulado, anulada, fallido, fallida, rechazado, rechazada, recusado, falhou, "
        "annullato, annullata, cancellato, cancellata, fallito, rifiutato, geannuleerd, mislukt, anulowane, anulowany, odrzucone, "
        "avbruten, makulerad, annulleret, kansellert, iptal, iptal edildi, отменен, キャンセル, 取消, 已取消, "
        "cancelled by customer, cancelled by buyer, cancelled by seller, canceled by customer, canceled by buyer, canceled by seller, payment error, vom kunden storniert, erreur de paiement, annulée par le client, annulé par le client, "
        "cancelada por el comprador, cancelado por el comprador, cancelado pelo comprador, cancelada por el vendedor, annullerad, avbeställd, avbestilt, annulleret af kunde, peruttu, peruutettu, mitätöity, anulowana, odrzucona, "
        "zrušena, zrušeno, stornováno, stornována, törölve, törölt, sztornó, sztornózva, visszavonva, anulată, anulat, stornată, отменена, отменено, аннулирован, "
        "ακυρωμένη, ακυρωμένο, ακυρώθηκε, בוטלה, בוטל, מבוטלת, מבוטל, ملغي, ملغى, ملغاة, ملغية, تم الإلغاء, dibatalkan, batal, 交易关闭, 交易關閉, 已关闭, 已關閉, キャンセル済み, キャンセル済, 取消済み, 취소, 취소완료, 주문취소"
    ),
    "Returned": folded(
        "returned, return, refunded, refund, order refunded, chargeback, charged back, credited, shipped returned to seller, shipped rejected by buyer, "
        "retourniert, retoure, zuruckgegeben, zurueckgegeben, zuruckgesendet, erstattet, ruckerstattet, gutschrift, gutgeschrieben, "
        "retourne, retournee, retour, rembourse, remboursee, devuelto, devuelta, devolucion, reembolsado, reembolsada, "
        "devolvido, devolvida, devolucao, estornado, estornada, reso, restituito, restituita, rimborsato, rimborsata, "
        "geretourneerd, terugbetaald, teruggestuurd, zwrocone, zwrocony, zwrot, returnerad, aterbetald, returneret, refunderet, "
        "iade, iade edildi, возврат, возвращен, 返品, 返金, 已退款, 退货, "
        "cancelled refunded, canceled refunded, cancelled and refunded, canceled and refunded, full refund, remboursement, returnerat, krediterad, returnert, refundert, tilbagebetalt, krediteret, kreditert, palautettu, hyvitetty, zwrócona, "
        "vráceno, vrácena, vrátená, refundováno, visszaküldve, visszatérítve, visszáru, returnată, returnat, rambursată, rambursat, iade alındı, возвращена, возвращено, "
        "επιστροφή, επιστράφηκε, επεστράφη, הוחזרה, הוחזר, זוכתה, זוכה, مرتجع, مرتجعة, مسترجع, مسترد, تم الإرجاع, تم استرداد المبلغ, dikembalikan, dana dikembalikan, retur, 已退貨, 已退货, 退款成功, 退貨, 返品済み, 返品済, 返金済み, 返金済, 반품, 반품완료, 환불, 환불완료"
    ),
}


STATUS_OF = {word: status for status, words in SPELLINGS.items() for word in words.split(", ")}


ALONE = set(  # words that mean a status only where nothing stands beside them
    "received purchase purchased invoice invoiced sale sold payment order sent approved authorized cancel cancellation refund return retour zwrot storno reso iade retur "
    "rechnung verkauf gutschrift livre paye pago paga regle termine open new neu nova klar valmis batal".split()
)


BESIDE = re.compile(  # what may stand beside the words of a status without changing it
    r"\b(and|und|et|y|e|fully|completely|successfully|automatically|payment|(by|to) (the )?(customer|buyer|seller|merchant))\b"
)


NOT_A_PRODUCT = re.compile(  # the whole of a product's id or name, in plain words
    folded(
        r"((dotcom|standard|express|free|airmail|international|domestic|flat rate|next day) )*"
        r"(post|postage|(postage|post) (and )?packing|p (and )?p|shipping|shipping (and )?handling|s h|handling|delivery|carriage|freight|courier)"
        r"( (charge|cost|fee|rate|insurance)s?)?"
        r"|versand|versandkosten|versandpauschale|porto|lieferkosten|lieferung|frachtkosten|fracht|mindermengenzuschlag|nachnahmegebuhr"
        r"|(frais|couts?) (de |d )?(port|livraison|expedition|envoi)|livraison"
        r"|frete|(taxa de |custos? de )?(envio|entrega)|portes( de envio)?|(gastos?|costes?|costos?) de envio|flete"
        r"|spedizione|(spese|costi|costo) di (spedizione|trasporto)|trasporto|verzendkosten|verzending|bezorgkosten"
        r"|frakt|fraktavgift|fragt|porto og gebyr|kargo|koszt(y)? wysylki|wysylka|przesylka|доставка|送料|运费"
        r"|(bank|amazon|paypal|payment|transaction|service|handling|cod|platform|processing) ?(charge|fee|commission)s?|(cruk )?commission"
        r"|(zahlungs|bearbeitungs|transaktions)gebuhr(en)?|frais bancaires|comision|comissao"
        r"|((order|cart|manual|customer|volume|staff) )?discounts?( code)?|coupon( code)?|promo(tion)?( code)?|rabatt|nachlass|skonto|remise|reduction"
        r"|descuento|desconto|sconto|korting|rabat|alennus"
        r"|manual|(manual |price |stock )?adjust(ment)?s?|adjust bad debt|bad debt|manual correction|correction|korrektur|rounding|rundung"
        r"|samples?|(sales |value added )?tax(es)?|vat|mwst|tva|iva|btw|tips?|gratuity|trinkgeld|pourboire|store credit|refund"
        r"|doprava( a balné)?|poštovné|dopravné|balné|dobírka|sleva|szállítás|szállítási (díj|költség)|postaköltség|utánvét|kedvezmény|transport|livrare|(taxa|cost|costuri) (de )?(transport|livrare)"
        r"|toimitus(kulut?|maksu)|postikulut?|rahti|käsittelykulut?|fraktkostnad|fakturaavgift|forsendelse|levering|(ekspeditions)?gebyr|moms|mva|dostawa|koszty? dostawy|pobranie"
        r"|kargo (ücreti|bedeli)|hizmet bedeli|indirim|kdv|стоимость доставки|скидка|комиссия|μεταφορικά|έξοδα αποστολής|αντικαταβολή|έκπτωση|(דמי )?משלוח|הנחה|(رسوم )?(الشحن|التوصيل)|خصم"
        r"|ongkir|ongkos kirim|biaya (kirim|pengiriman|admin|layanan)|diskon|運費|邮费|郵費|快递费|折扣|优惠券?|優惠券?|手续费|手續費|配送料|(代引き?|決済)?手数料|割引|値引き?|クーポン|消費税|배송비|택배비|할인|쿠폰"
    )
)


def status_of(word: str | None) -> str | None:
    """Return which of the four statuses a shop's word means, in any of the languages of SPELLINGS; None if it is unknown.

    A phrase means what its words do, the worst of them, as in "delivered and refunded", if all its words are known; "shipped, lost" is not.
    """
    words = plain_words(f"{word}").removeprefix("wc ") if word is not None else ""
    if words in STATUS_OF or " " not in words:
        return STATUS_OF.get(words)
    parts = [part for part in BESIDE.sub(" ", words).split() if not re.fullmatch(pattern("{order}"), part)]
    meant = {None if part in ALONE else STATUS_OF.get(part) for part in parts}
    worst = meant - {"Completed"} or meant
    return worst.pop() if len(worst) == 1 else None  # of several, as in "return cancelled", one may undo another


def is_no_product(*words: str | None) -> bool:
    """Say whether one of these words, a product's id or name, is as a whole a name for postage, a fee, a discount or the like."""
    return any(NOT_A_PRODUCT.fullmatch(plain_words(f"{word}")) for word in words if word is not None)


A_TOTAL = re.compile(  # the whole of a product's id or name, in plain words
    folded(
        r"(sub|grand|zwischen|gesamt|sous|page|report)? ?(total|totals|summe|totale|totales|totaux|totaal|suma|summa|yhteensa|toplam|итого|всего|合計|小計|合计|小计)"
        r"( general(e|s)?| geral| ogolem)?|gesamt|razem|celkem|i alt|ialt|celková suma|mezisoučet|součet|spolu|łącznie|ogółem|összesen|végösszeg|részösszeg|totalt|delsumma|välisumma|ara toplam|genel toplam|общий итог|промежуточный итог"
        r"|((γενικό|μερικό) )?σύνολο|סה ?כ|סך הכל|(الإجمالي|المجموع)( الكلي)?|总计|總計|総計|총계|합계|소계|total keseluruhan"
    )
)


def is_total(*words: str | None) -> bool:
    """Say whether one of these words, a product's id or name, says that the line is a total of others."""
    return any(A_TOTAL.fullmatch(plain_words(f"{word}")) for word in words if word is not None)


LEFT_OUT = "left out: "  # begins the status of a line that is not to be loaded
