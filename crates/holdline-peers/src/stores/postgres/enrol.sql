INSERT INTO timeline(id, campaign, key, next_at)
SELECT prospect.id, it.campaign, it.key, it.next_at
FROM unnest($1::text[], $2::int4[], $3::int8[]) AS it(key, campaign, next_at)
JOIN prospect USING (key)
