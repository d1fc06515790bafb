UPDATE timeline SET state = 1, lease_until = $1 + 600000
WHERE id = ANY(ARRAY(
    SELECT id FROM timeline WHERE state = 0 AND next_at <= $1
    ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
))
RETURNING id
