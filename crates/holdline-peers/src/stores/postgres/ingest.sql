-- One group of events. Effects: 1 pause, 2 bounce, 3 pause with the company, 4 stop.
WITH told AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::int2[], $4::int8[], $5::int8[])
        AS it(event, key, effect, until, at)
), fresh AS (
    INSERT INTO seen(event) SELECT event FROM told ON CONFLICT DO NOTHING RETURNING event
), known AS (
    SELECT told.*, prospect.id, prospect.company
    FROM told JOIN fresh USING (event) JOIN prospect USING (key)
), person AS (
    SELECT key, count(*) AS events, max(at) AS at, bool_or(effect = 4) AS stopped,
        max(until) AS until
    FROM known GROUP BY key
), touched AS (
    UPDATE prospect SET
        events = prospect.events + person.events,
        last_at = greatest(prospect.last_at, person.at),
        stopped = prospect.stopped OR person.stopped,
        held_until = greatest(prospect.held_until, person.until)
    FROM person WHERE prospect.key = person.key
    RETURNING person.events
), bounced AS (
    INSERT INTO bounce(company, at, event) SELECT company, at, event FROM known WHERE effect = 2
    RETURNING company, at
), bouncing AS (
    SELECT company, max(at) AS at, count(*) AS count FROM bounced GROUP BY company
), held AS (
    SELECT company, 9223372036854775807 AS until FROM known WHERE effect = 3
    UNION ALL
    SELECT company, at + 1209600000 FROM bouncing WHERE count + (
        SELECT count(*) FROM bounce
        WHERE bounce.company = bouncing.company AND bounce.at > bouncing.at - 604800000
    ) >= 3
), held_companies AS (
    INSERT INTO company_hold(company, until)
    SELECT company, max(until) FROM held GROUP BY company
    ON CONFLICT (company) DO UPDATE SET until = excluded.until
    WHERE company_hold.until < excluded.until
)
SELECT (SELECT count(*) FROM fresh), (SELECT coalesce(sum(events), 0)::int8 FROM touched)
