UPDATE timeline SET state = 0, step = step + 1, sent_at = $2, next_at = $3
WHERE id = ANY($1::int4[]) AND state = 2
