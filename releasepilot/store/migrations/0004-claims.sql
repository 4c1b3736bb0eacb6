-- depends: 0002-assessments

-- Which train holds what it releases, and who waits for it.

-- A ticket is the place in the queue, and tells an earlier holder from a later one. One row a claim; what is released
-- stays, so that a plan can be told from one that was made before.
create table claim (
    ticket bigint generated always as identity primary key,
    train text not null references train (id) on delete cascade,
    -- The workflow that claims: the train, or a rollback of it.
    holder text not null,
    -- What is claimed: an address and a folder in it.
    keys text[] not null,
    asked_at timestamptz not null,
    -- Null while earlier ones hold some of the keys.
    granted_at timestamptz,
    released_at timestamptz
);

-- A holder has one claim at a time.
create unique index claim_open on claim (holder) where released_at is null;

create index claim_by_train on claim (train) where released_at is null;

create index claim_by_key on claim using gin (keys);
