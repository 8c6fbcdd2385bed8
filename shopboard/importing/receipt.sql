--- about
-- The accounts of an import: their tables, and what is counted for the receipt; {region} is where a line belongs to, the first of some that is known.

--- tables
CREATE TABLE set_aside (
    table_name TEXT NOT NULL,
    source_row INTEGER NOT NULL,
    file       TEXT,
    line       INTEGER,
    what       TEXT NOT NULL CHECK (what IN ('row', 'value', 'line')),
    reason     TEXT NOT NULL,
    advice     TEXT NOT NULL,
    value      TEXT,
    amount     REAL,
    content    TEXT
) STRICT;
CREATE TABLE reconciliation (
    table_name       TEXT PRIMARY KEY,
    rows_read        INTEGER NOT NULL,
    rows_loaded      INTEGER NOT NULL,
    rows_set_aside   INTEGER NOT NULL,
    values_set_aside INTEGER NOT NULL,
    amount_read      REAL,
    amount_loaded    REAL,
    amount_set_aside REAL
) STRICT;
CREATE TABLE reconciliation_parts (
    part             TEXT NOT NULL CHECK (part IN ('year', 'category', 'status')),
    value            TEXT NOT NULL,
    lines_read       INTEGER NOT NULL,
    lines_loaded     INTEGER NOT NULL,
    lines_set_aside  INTEGER NOT NULL,
    amount_read      REAL NOT NULL,
    amount_loaded    REAL NOT NULL,
    amount_set_aside REAL NOT NULL,
    PRIMARY KEY (part, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE loaded_lines ( -- one row per month, status, region and category with any line; units are of Completed lines
    month TEXT, status TEXT, region TEXT, category TEXT,
    lines INTEGER, units INTEGER, amount REAL, signed_amount REAL -- in the source's own signs
) STRICT;
CREATE TABLE loaded_shop ( -- one row; reviews, and the mean of their stars, are of the days of orders
    orders INTEGER, customers INTEGER, first_day TEXT, last_day TEXT, reviews INTEGER, rating REAL
) STRICT;
CREATE TABLE negative_lines (order_id INTEGER PRIMARY KEY) STRICT; -- the source wrote their amount below zero
CREATE TABLE assumptions (assumption TEXT NOT NULL) STRICT;
CREATE TABLE files_read (file, table_name, form, encoding, separator, lines, note);
CREATE TABLE source_ids (
    kind      TEXT NOT NULL,
    id        INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

--- signed_amount
CASE WHEN order_id IN (SELECT order_id FROM negative_lines) THEN -total_amount ELSE total_amount END

--- lines
-- One row per line: where it stands among the figures, and what it adds.
SELECT
    orders.order_id,
    SUBSTR(orders.order_date, 1, 7) AS month,
    orders.status,
    COALESCE({region}, '(unknown)') AS region,
    COALESCE(products.category, '(unknown)') AS category,
    orders.quantity,
    orders.total_amount
FROM orders
LEFT JOIN customers ON customers.customer_id = orders.customer_id
LEFT JOIN products ON products.product_id = orders.product_id

--- loaded_lines
INSERT INTO loaded_lines
SELECT
    month, status, region, category,
    COUNT(*), SUM(CASE WHEN status = 'Completed' THEN quantity ELSE 0 END), SUM(total_amount), SUM({signed_amount})
FROM ({lines}) AS lines
GROUP BY 1, 2, 3, 4

--- loaded_shop
INSERT INTO loaded_shop
SELECT
    orders, customers, first_day, last_day,
    (SELECT COUNT(*) FROM reviews WHERE review_date BETWEEN first_day AND last_day),
    (SELECT AVG(rating) FROM reviews WHERE review_date BETWEEN first_day AND last_day)
FROM (
    SELECT
        COUNT(DISTINCT order_number) AS orders, COUNT(DISTINCT customer_id) AS customers,
        MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM orders
) AS of_orders

--- parts
WITH fields AS (
    SELECT
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.order_date') AS order_date,
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.product_id') AS product_id,
        JSON_EXTRACT(CASE WHEN what = 'row' THEN content END, '$.status') AS status,
        amount
    FROM set_aside
    WHERE table_name = 'orders' AND what <> 'value'
),
lines AS (
    SELECT
        SUBSTR(month, 1, 4) AS year,
        category,
        status,
        1 AS loaded,
        lines,
        signed_amount AS amount
    FROM loaded_lines
    UNION ALL
    SELECT
        CASE WHEN DATE(order_date, '+0 days') = order_date THEN SUBSTR(order_date, 1, 4) ELSE '(unknown)' END,
        COALESCE((SELECT category FROM keys_products INNER JOIN products ON product_id = id WHERE source_id = fields.product_id), '(unknown)'),
        COALESCE((SELECT meaning FROM statuses WHERE word = fields.status), '(unknown)'),
        0,
        1,
        COALESCE(amount, 0)
    FROM fields
),
parts AS (
    SELECT 'year' AS part, year AS value, * FROM lines
    UNION ALL
    SELECT 'category', category, * FROM lines
    UNION ALL
    SELECT 'status', status, * FROM lines
)
INSERT INTO reconciliation_parts
SELECT
    part, value,
    SUM(lines), SUM(lines * loaded), SUM(lines * (1 - loaded)),
    SUM(amount), SUM(amount * loaded), SUM(amount * (1 - loaded))
FROM parts
GROUP BY part, value

--- set_aside_by_reason
-- One row per table, kind and advice; reason and row are the first that it was given for, and there are three examples.
WITH numbered AS (
    SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY table_name, what, advice ORDER BY source_row) AS place,
        COALESCE(file || ', line ' || line, 'row ' || source_row) || ': ' || reason AS example
    FROM set_aside
)
SELECT
    table_name,
    what,
    MAX(CASE WHEN place = 1 THEN reason END) AS reason,
    advice,
    COUNT(*) AS count,
    ROUND(SUM(amount), 2) AS amount,
    MIN(source_row) AS first_row,
    GROUP_CONCAT(CASE WHEN place <= 3 THEN example END, '; ') AS examples
FROM numbered
GROUP BY table_name, what, advice
ORDER BY count DESC, table_name, reason

--- reconcile
INSERT INTO reconciliation -- one row per table: rows and, of orders, money that were read, loaded and set aside
SELECT
    '{table}',
    (SELECT COUNT(*) FROM staged_{table}) + COUNT(*) FILTER (WHERE what = 'line'),
    (SELECT COUNT(*) FROM {table}),
    COUNT(*) FILTER (WHERE what IN ('row', 'line')),
    COUNT(*) FILTER (WHERE what = 'value'),
    ?, ?, ?
FROM set_aside
WHERE table_name = '{table}'

--- services
SELECT COALESCE(product_name, source_id, product_id)
FROM products
LEFT JOIN source_ids ON kind = 'products' AND id = product_id
WHERE category = ?
ORDER BY 1

--- lines_of_services
SELECT COUNT(*), COALESCE(SUM({signed_amount}), 0)
FROM orders
WHERE product_id IN (SELECT product_id FROM products WHERE category = ?)

--- signs
SELECT COUNT(*), SUM(total_amount)
FROM staged_orders
WHERE (quantity < 0 OR total_amount < 0) AND {kept}

--- repeated_lines
SELECT SUM(copies - 1), SUM((copies - 1) * amount)
FROM (
    SELECT COUNT(*) AS copies, {signed_amount} AS amount
    FROM orders
    INNER JOIN bought_twice USING (order_number, product_id)
    GROUP BY {columns}
    HAVING COUNT(*) > 1
)

--- rows_meant
-- Rows that were read, but for those that were left out on purpose.
SELECT rows_read - (SELECT COUNT(*) FROM set_aside WHERE set_aside.table_name = reconciliation.table_name AND advice = ?)
FROM reconciliation
WHERE table_name = ?

--- rows_lost
SELECT COUNT(*)
FROM set_aside
WHERE
    table_name = :table AND what <> 'value' AND advice <> :left_out
    AND (:table = 'orders' OR reason LIKE '% is not among the loaded %')

--- main_advice
SELECT advice, COUNT(*)
FROM set_aside
WHERE table_name = ? AND what <> 'value'
GROUP BY advice
ORDER BY COUNT(*) DESC
LIMIT 1

--- three_reasons
SELECT reason
FROM set_aside
WHERE table_name = ? AND advice = ?
GROUP BY reason
ORDER BY MIN(source_row)
LIMIT 3
