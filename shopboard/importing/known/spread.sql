--- about
-- The money of an order, spread over its lines by the same steps in each mapping: `order_sums` in `checkouts` (one row per order), `spread` after
-- `lines` (one per line).

--- order_sums
SUM(worth) AS order_worth,
        SUM(worth - returned_worth) AS order_kept_worth,
        SUM(returned_worth) AS order_returned_worth,
        SUM(MAX(line_quantity, 0)) AS order_quantity,
        COUNT(*) AS order_lines

--- spread
running AS (  -- one row per line: sums over its order's lines up to this one
    SELECT
        *,
        SUM(worth) OVER so_far AS worth_so_far,
        SUM(worth - returned_worth) OVER so_far AS kept_worth_so_far,
        SUM(returned_worth) OVER so_far AS returned_worth_so_far,
        SUM(MAX(line_quantity, 0)) OVER so_far AS quantity_so_far,
        ROW_NUMBER() OVER so_far AS line_number
    FROM lines
    WINDOW so_far AS (PARTITION BY first_line ORDER BY line_position ROWS UNBOUNDED PRECEDING)
),
rounded AS (  -- one row per line: its order's money up to this line, to the cent
    SELECT
        *,
        ROUND((total - refund) * CASE
            WHEN order_kept_worth > 0 THEN 1.0 * kept_worth_so_far / order_kept_worth
            WHEN order_worth > 0 THEN 1.0 * worth_so_far / order_worth
            WHEN order_quantity > 0 THEN 1.0 * quantity_so_far / order_quantity
            ELSE 1.0 * line_number / order_lines
        END, 2) AS kept_so_far,
        ROUND(refund * CASE
            WHEN order_returned_worth > 0 THEN 1.0 * returned_worth_so_far / order_returned_worth
            WHEN order_worth > 0 THEN 1.0 * worth_so_far / order_worth
            WHEN order_quantity > 0 THEN 1.0 * quantity_so_far / order_quantity
            ELSE 1.0 * line_number / order_lines
        END, 2) AS returned_so_far
    FROM running
),
shares AS (  -- one row per line: what it adds to the rounded sums
    SELECT
        *,
        ROUND(kept_so_far - LAG(kept_so_far, 1, 0) OVER checkout, 2) AS kept,
        ROUND(returned_so_far - LAG(returned_so_far, 1, 0) OVER checkout, 2) AS returned
    FROM rounded
    WINDOW checkout AS (PARTITION BY first_line ORDER BY line_position)
),
main AS (  -- one row: the currency of most orders
    SELECT currency AS main_currency
    FROM checkouts
    WHERE currency IS NOT NULL
    GROUP BY currency
    ORDER BY COUNT(*) DESC, currency
    LIMIT 1
),
judged AS (  -- one row per line: what speaks against its amount, and whether money of it was given back
    SELECT
        *,
        CASE
            WHEN TYPEOF(total) = 'text' THEN total
            WHEN TYPEOF(refund) = 'text' OR refund NOT BETWEEN 0 AND MAX(COALESCE(total, 0), 0)
            THEN 'refunded ' || refund || ' of ' || COALESCE(total, 'nothing')
        END AS doubt,
        CASE WHEN currency <> main_currency THEN currency || ' ' END AS foreign_currency,
        returned > 0 OR (refund > 0 AND refund = total) AS was_returned
    FROM shares
    LEFT JOIN main ON TRUE
)
SELECT
    order_number || '-' || COALESCE(item, line_number) AS order_id,
    source_line,
    order_number,
    customer_id,
    product_id,
    order_date,
    kept_quantity AS quantity,
    COALESCE(doubt, foreign_currency || PRINTF('%.2f', kept), kept) AS total_amount,
    status,
    region
FROM judged
WHERE kept > 0 OR doubt IS NOT NULL OR NOT was_returned
UNION ALL
SELECT
    order_number || '-' || COALESCE(item, line_number) || ' refund',
    source_line,
    order_number,
    customer_id,
    product_id,
    order_date,
    returned_quantity,
    COALESCE(foreign_currency || PRINTF('%.2f', returned), returned),
    'Returned',
    region
FROM judged
WHERE was_returned AND doubt IS NULL
