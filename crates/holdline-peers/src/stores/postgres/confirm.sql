UPDATE timeline SET state = 2
FROM prospect
WHERE timeline.id = ANY($1::int4[]) AND timeline.state = 1 AND timeline.lease_until > $2
    AND prospect.key = timeline.key AND NOT prospect.stopped AND prospect.held_until <= $2
    AND NOT EXISTS (
        SELECT FROM company_hold
        WHERE company_hold.company = prospect.company AND company_hold.until > $2
    )
