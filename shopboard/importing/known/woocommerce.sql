--- about
-- The SELECTs for WooCommerce's export of orders, which repeats an order's money on each of its lines.
-- The columns are those of the format "Default - One Row per Item" (default_one_row_per_item) of the extension
-- Customer / Order / Coupon Export: woocommerce.com/document/ordercustomer-csv-export-developer-documentation/

--- needs
-- order_id, order_total, item_id, item_name, item_quantity, item_total

--- may_lack
-- date, order_date, status, refunded_total, order_currency, billing_email, _line, item_sku, item_total_tax, item_refunded, item_refunded_qty, billing_first_name, billing_last_name, billing_state, billing_country, shipping_first_name, shipping_last_name, shipping_state, shipping_country

--- assumed
-- WooCommerce repeats an order's order_total (shipping, fees, taxes and discounts included) on each of its lines: it is counted once and spread over them, to the cent, in proportion to item_total with its tax, to quantity where these are 0.
-- A refunded_total becomes lines of its own, Returned on the day of the order, and is taken out of the order's Completed money: spread over the items in item_refunded, over all lines where no item is named.
-- Orders that are completed or processing (paid) count as Completed; pending and on-hold (not yet paid) as Pending; cancelled and failed as Cancelled, refunded or not; without any status as Completed.
-- A day is the shop's local day, as the export writes it.
-- A customer is a billing_email; an order without one is a guest's. Name and region are those of the latest order.
-- A product is an item_sku if every line has one, else an item_name; its name and price (after discount, without tax) are those of its first line in the file.
-- An order is known by its order_id. An item that comes again (files that overlap, or two shops, which cannot be told apart) is set aside. Orders without items are not in the export.
-- Amounts are in the currency of most orders; orders in another one are set aside with their amounts, such as 'EUR 12.00'.

--- product
TRIM(
    CASE
        WHEN (SELECT COUNT(*) = COUNT(NULLIF("item_sku", 'unknown_product')) FROM {table}) THEN "item_sku"
        ELSE "item_name"
    END
)

--- region
COALESCE(
    "shipping_state" || ', ' || "shipping_country", "shipping_state", "shipping_country",
    "billing_state" || ', ' || "billing_country", "billing_state", "billing_country"
)

--- customers
-- one row per customer, known by an email, as the latest order describes them
SELECT
    LOWER(TRIM("billing_email")) AS customer_id,
    MAX(COALESCE("date", "order_date")) AS latest_order,
    COALESCE(
        "billing_first_name" || ' ' || "billing_last_name", "billing_first_name", "billing_last_name",
        "shipping_first_name" || ' ' || "shipping_last_name", "shipping_first_name", "shipping_last_name"
    ) AS name,
    LOWER(TRIM("billing_email")) AS email,
    {region} AS region
FROM {table}
WHERE TRIM("billing_email") <> ''
GROUP BY customer_id

--- products
-- one row per product, as its first line in the file describes it
SELECT
    {product} AS product_id,
    MIN(rowid) AS first_line,
    "item_name" AS product_name,
    ROUND(1.0 * NUMBER("item_total", '.') / NUMBER("item_quantity", '.'), 2) AS price
FROM {table}
WHERE "item_name" IS NOT NULL
GROUP BY product_id

--- orders
-- one row per order line, and one more where money was given back
WITH numbered AS (  -- one row per line; an item that comes again belongs to another copy of its order
    SELECT
        "order_id", "item_id", "date", "order_date", "billing_email", "status", "order_total", "refunded_total", "order_currency", "_line",
        rowid AS line_position,
        {region} AS place,
        ROW_NUMBER() OVER (PARTITION BY "order_id", "item_id" ORDER BY rowid) AS order_copy,
        {product} AS product_id,
        NUMBER("item_quantity", '.') AS line_quantity,
        ABS(COALESCE(NUMBER("item_refunded_qty", '.'), 0)) AS refunded_quantity,
        MAX(COALESCE(NUMBER("item_total", '.') + COALESCE(NUMBER("item_total_tax", '.'), 0), 0), 0) AS worth,
        MIN(COALESCE(1.0 * ABS(NUMBER("item_refunded", '.')) / NUMBER("item_total", '.'), 0), 1) AS returned_part
    FROM {table}
),
amounts AS (  -- one row per line, with the part of its worth that was given back
    SELECT *, worth * returned_part AS returned_worth
    FROM numbered
),
checkouts AS (  -- one row per order: its fields stand on all of its lines
    SELECT
        "order_id" AS order_number,
        order_copy,
        MIN(line_position) AS first_line,
        DAY(MAX(COALESCE("date", "order_date")), 'ymd') AS order_date,
        NULLIF(LOWER(TRIM(MAX("billing_email"))), '') AS customer_id,
        COALESCE(REPLACE(LOWER(TRIM(MAX("status"))), 'wc-', ''), 'completed') AS state,
        NUMBER(MAX("order_total"), '.') AS total,
        COALESCE(NUMBER(MAX("refunded_total"), '.'), 0) AS refunded,
        MAX("order_currency") AS currency,
        MAX(place) AS region,
        {order_sums}
    FROM amounts
    GROUP BY "order_id", order_copy
),
lines AS (  -- one row per line, with its order's fields
    SELECT
        checkouts.*,
        line_position,
        "item_id" AS item,
        product_id,
        CASE WHEN refunded_quantity > 0 THEN MAX(line_quantity - refunded_quantity, 1) ELSE line_quantity END AS kept_quantity,
        CASE WHEN refunded_quantity > 0 THEN refunded_quantity ELSE line_quantity END AS returned_quantity,
        line_quantity,
        worth,
        returned_worth,
        CASE
            WHEN state IN ('cancelled', 'failed', 'trash') THEN 0
            WHEN state = 'refunded' THEN COALESCE(NULLIF(refunded, 0), checkouts.total)
            ELSE refunded
        END AS refund,
        CASE
            WHEN state IN ('completed', 'processing', 'refunded') THEN 'Completed'
            WHEN state IN ('pending', 'on-hold') THEN 'Pending'
            WHEN state IN ('cancelled', 'failed', 'trash') THEN 'Cancelled'
            ELSE state
        END AS status,
        "_line" AS source_line
    FROM amounts
    JOIN checkouts ON checkouts.order_number IS "order_id" AND checkouts.order_copy = amounts.order_copy
),
{spread}
