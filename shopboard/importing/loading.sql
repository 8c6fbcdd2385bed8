--- about
-- From the staged rows to the four tables, and what is counted on the way. {table}, {key} and the like are names and SQL of ours, never values.

--- kept
source_row NOT IN (SELECT source_row FROM set_aside WHERE table_name = '{table}' AND what = 'row')

--- file_and_line
-- of 'orders.csv, line 17'
REPLACE(REPLACE(RTRIM(source_line, '0123456789'), ', line ', ''), ', row ', ''),
    CAST(SUBSTR(source_line, LENGTH(RTRIM(source_line, '0123456789')) + 1) AS INTEGER)

--- set_values_aside
INSERT INTO set_aside
SELECT
    '{table}', source_row,
    {file_and_line},
    'value', '{column} is ' || {shown} || '; the row is loaded without it', 'correct the {column} in the source', {column}, NULL, {column}
FROM staged_{table}
WHERE {column} IS NOT NULL AND ({condition})

--- set_rows_aside
INSERT INTO set_aside
SELECT
    '{table}', source_row,
    {file_and_line},
    'row', CASE rule {reason} END, CASE rule {advice} END, CASE rule {value} END, {amount}, JSON_OBJECT({content})
FROM (SELECT *, CASE {broken} END AS rule FROM staged_{table} AS staged) AS staged
WHERE rule IS NOT NULL
ORDER BY source_row

--- repeated
-- A key that counts the rows repeats none, which is seen faster than by sorting them.
CREATE TEMP TABLE repeated AS
SELECT {key} AS source_id, MIN(source_row) AS first_row
FROM staged_{table}
WHERE {key} IS NOT NULL AND EXISTS (SELECT 1 FROM staged_{table} WHERE {key} IS NOT source_row)
GROUP BY {key}
HAVING COUNT(*) > 1

--- repeats
INSERT INTO repeats
SELECT staged.source_row, 'row ' || first_row, {same}
FROM staged_{table} AS staged
INNER JOIN repeated ON repeated.source_id = staged.{key}
INNER JOIN staged_{table} AS earlier ON earlier.source_row = first_row
WHERE staged.source_row > first_row

--- statuses_read
SELECT word, meaning, COUNT(*)
FROM statuses
INNER JOIN staged_orders ON status = word
WHERE meaning <> word
GROUP BY word

--- are_whole
SELECT NOT EXISTS (
    SELECT 1
    FROM staged_{table}
    WHERE
        (CAST(CAST({key} AS INTEGER) AS TEXT) <> {key} OR CAST({key} AS INTEGER) NOT BETWEEN -9000000000000000000 AND 9000000000000000000)
        AND {kept}
)

--- keys
CREATE TEMP TABLE keys_{kind} (source_id TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID

--- number_keys
INSERT INTO keys_{kind}
SELECT {key}, {number}
FROM staged_{table}
WHERE {key} IS NOT NULL AND {kept}
GROUP BY {key}

--- number_rows
INSERT INTO source_ids
SELECT '{table}', {number}, {key}
FROM staged_{table}
WHERE {kept}
ORDER BY source_row

--- negative_lines
INSERT INTO negative_lines
SELECT {number}
FROM staged_orders
WHERE total_amount < 0 AND {kept}

--- load
INSERT INTO {table}
SELECT {values}
FROM staged_{table}
WHERE {kept}
ORDER BY source_row

--- amounts_before
CREATE TEMP TABLE amounts_before AS
SELECT source_row, amount FROM set_aside WHERE table_name = 'orders' AND what = 'row'

--- stage_corrected
INSERT INTO staged_orders ({columns}, source_line)
SELECT corrected.*, file || ', line ' || line
FROM corrected
INNER JOIN set_aside
    ON set_aside.source_row = CAST(corrected.source_row AS INTEGER) AND table_name = 'orders' AND what = 'row'
GROUP BY corrected.source_row

--- take_corrected
DELETE FROM set_aside
WHERE table_name = 'orders' AND what = 'row' AND source_row IN (SELECT source_row FROM staged_orders)

--- keys_loaded
INSERT OR IGNORE INTO keys_{kind}
SELECT COALESCE(source_id, CAST({key} AS TEXT)), {key}
FROM (SELECT DISTINCT {key} FROM {table})
LEFT JOIN source_ids ON kind = '{kind}' AND id = {key}

--- repeats_of_loaded
INSERT OR IGNORE INTO repeats
SELECT source_row, 'a loaded row', 0
FROM staged_orders
INNER JOIN keys_orders ON keys_orders.source_id = order_id

--- keep_amounts
UPDATE set_aside -- what cannot be read as an amount now keeps the one that it had
SET amount = (SELECT amount FROM amounts_before WHERE amounts_before.source_row = set_aside.source_row)
WHERE table_name = 'orders' AND what = 'row' AND amount IS NULL

--- new_checkouts
CREATE TEMP TABLE new_checkouts AS
SELECT order_number AS source_id, {number} AS id
FROM staged_orders
WHERE {kept} AND order_number IS NOT NULL AND order_number NOT IN (SELECT source_id FROM keys_checkouts)
GROUP BY order_number

--- count_corrected
UPDATE reconciliation
SET
    rows_loaded = rows_loaded + :rows, rows_set_aside = rows_set_aside - :rows, amount_loaded = amount_loaded + :money,
    amount_set_aside = (SELECT TOTAL(amount) FROM set_aside WHERE table_name = 'orders')
WHERE table_name = 'orders'

--- read_as_corrected
UPDATE reconciliation
SET amount_read = amount_loaded + amount_set_aside
WHERE table_name = 'orders'
RETURNING amount_read
