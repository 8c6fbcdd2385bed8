--- about
-- The SELECTs for Shopify's export of orders, which writes an order's money on the first of its lines.
-- The columns are those of "Exporting orders" in Shopify's help: help.shopify.com/manual/fulfillment/managing-orders/exporting-orders.

--- needs
-- Name, Created at, Total, Lineitem name

--- may_lack
-- Email, Financial Status, Cancelled at, Canceled at, Refunded Amount, Currency, Vendor, _line, Lineitem quantity, Lineitem price, Lineitem sku, Billing Name, Shipping Name, Billing Province Name, Billing Province, Billing Country, Shipping Province Name, Shipping Province, Shipping Country

--- assumed
-- Shopify writes an order's Total (shipping, taxes and discounts included) on one of its lines: it is spread over all of them, to the cent, in proportion to price times quantity, to quantity where there are no prices.
-- A Refunded Amount becomes lines of its own, Returned on the day of the order, and is taken out of the order's Completed money. The export does not say which items came back: it is spread like the Total, and its lines repeat the quantities.
-- Orders with the Financial Status paid, partially_refunded or refunded count as Completed, sent or not; pending, authorized and partially_paid as Pending; voided, and all that have a date in Cancelled at, as Cancelled, refunded or not; without any status as Completed.
-- A day is the shop's local day, as the export writes it.
-- A customer is an email; an order without one is a guest's. Name and region are those of the latest order, shipping before billing.
-- A product is a Lineitem sku if every line has one, else a Lineitem name; its name and price are those of its first line in the file.
-- An order is known by its Name. Where a Name comes again with a Total (files that overlap, or two shops, which cannot be told apart), the first is loaded and the later is set aside.
-- Amounts are in the currency of most orders; orders in another one are set aside with their amounts, such as 'EUR 12.00'.

--- shape
-- An order's Total on each of its lines is no Shopify export: each line would count as a whole order.
SELECT 2 * COUNT(*) FILTER (WHERE totals = lines) <= COUNT(*)
FROM (SELECT COUNT(*) AS lines, COUNT("Total") AS totals FROM {table} GROUP BY "Name" HAVING COUNT(*) > 1)

--- product
TRIM(
    CASE WHEN (SELECT COUNT(*) = COUNT("Lineitem sku") FROM {table}) THEN "Lineitem sku" ELSE "Lineitem name" END
)

--- region
COALESCE(
    COALESCE("Shipping Province Name", "Shipping Province") || ', ' || "Shipping Country",
    "Shipping Province Name", "Shipping Province", "Shipping Country",
    COALESCE("Billing Province Name", "Billing Province") || ', ' || "Billing Country",
    "Billing Province Name", "Billing Province", "Billing Country"
)

--- customers
-- one row per customer, known by an email, as the latest order describes them
SELECT
    LOWER(TRIM("Email")) AS customer_id,
    MAX("Created at") AS latest_order,
    COALESCE("Billing Name", "Shipping Name") AS name,
    LOWER(TRIM("Email")) AS email,
    {region} AS region
FROM {table}
WHERE TRIM("Email") <> ''
GROUP BY customer_id

--- products
-- one row per product, as its first line in the file describes it
SELECT
    {product} AS product_id,
    MIN(rowid) AS first_line,
    "Lineitem name" AS product_name,
    NUMBER("Lineitem price", '.') AS price,
    "Vendor" AS supplier
FROM {table}
WHERE "Lineitem name" IS NOT NULL
GROUP BY product_id

--- orders
-- one row per order line, and one more where money was given back
WITH numbered AS (  -- one row per line; a line with a Total begins an order, also where its Name occurred before
    SELECT
        "Name", "Email", "Financial Status", "Cancelled at", "Canceled at", "Created at", "Currency", "Total", "Refunded Amount", "_line",
        rowid AS line_position,
        {region} AS place,
        MAX(COUNT("Total") OVER (PARTITION BY "Name" ORDER BY rowid), 1) AS order_copy,
        {product} AS product_id,
        COALESCE(NUMBER("Lineitem quantity", '.'), 1) AS line_quantity,
        MAX(COALESCE(NUMBER("Lineitem price", '.') * COALESCE(NUMBER("Lineitem quantity", '.'), 1), 0), 0) AS worth,
        0 AS returned_worth  -- the export does not say which of an order's items came back
    FROM {table}
),
checkouts AS (  -- one row per order: its fields stand on one of its lines
    SELECT
        "Name" AS order_number,
        order_copy,
        MIN(line_position) AS first_line,
        DAY(MAX("Created at"), 'ymd') AS order_date,
        NULLIF(LOWER(TRIM(MAX("Email"))), '') AS customer_id,
        CASE
            WHEN MAX(COALESCE("Cancelled at", "Canceled at")) IS NOT NULL THEN 'voided'
            ELSE COALESCE(LOWER(TRIM(MAX("Financial Status"))), 'paid')
        END AS state,
        NUMBER(MAX("Total"), '.') AS total,
        COALESCE(NUMBER(MAX("Refunded Amount"), '.'), 0) AS refunded,
        MAX("Currency") AS currency,
        MAX(place) AS region,
        {order_sums}
    FROM numbered
    GROUP BY "Name", order_copy
),
lines AS (  -- one row per line, with its order's fields
    SELECT
        checkouts.*,
        line_position,
        NULL AS item,  -- the export does not number them
        product_id,
        line_quantity AS kept_quantity,
        line_quantity AS returned_quantity,
        line_quantity,
        worth,
        returned_worth,
        CASE state WHEN 'voided' THEN 0 WHEN 'refunded' THEN COALESCE(NULLIF(refunded, 0), checkouts.total) ELSE refunded END AS refund,
        CASE
            WHEN state IN ('paid', 'partially_refunded', 'refunded') THEN 'Completed'
            WHEN state IN ('pending', 'authorized', 'partially_paid') THEN 'Pending'
            WHEN state = 'voided' THEN 'Cancelled'
            ELSE state
        END AS status,
        "_line" AS source_line
    FROM numbered
    JOIN checkouts ON checkouts.order_number IS "Name" AND checkouts.order_copy = numbered.order_copy
),
{spread}
