CREATE TABLE prospect(
    key text PRIMARY KEY,
    id int4 NOT NULL,
    company int4 NOT NULL,
    stopped bool NOT NULL DEFAULT false,
    held_until int8 NOT NULL DEFAULT 0,
    last_at int8 NOT NULL DEFAULT 0,
    events int4 NOT NULL DEFAULT 0
) WITH (fillfactor = 60);

CREATE TABLE company_hold(company int4 PRIMARY KEY, until int8 NOT NULL) WITH (fillfactor = 70);

CREATE TABLE bounce(company int4 NOT NULL, at int8 NOT NULL, event uuid NOT NULL);
CREATE INDEX bounce_at ON bounce(company, at);

CREATE TABLE seen(event uuid PRIMARY KEY);

-- The number of a timeline is its person's: each is in one campaign.
CREATE TABLE timeline(
    id int4 PRIMARY KEY,
    campaign int4 NOT NULL,
    key text NOT NULL,
    step int2 NOT NULL DEFAULT 1,
    state int2 NOT NULL DEFAULT 0,
    next_at int8 NOT NULL,
    lease_until int8 NOT NULL DEFAULT 0,
    sent_at int8 NOT NULL DEFAULT 0
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX due ON timeline(next_at) WHERE state = 0;
