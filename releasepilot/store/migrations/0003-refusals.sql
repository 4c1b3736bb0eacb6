-- depends: 0002-assessments

-- What was tried with a train and refused.

-- One row for each kind of refusal; the same again raises its count. How many rows there are is bounded where they are
-- written, the texts where they are made.
create table refusal (
    id bigint generated always as identity primary key,
    train text not null references train (id) on delete cascade,
    at timestamptz not null,
    last_at timestamptz not null,
    times bigint not null,
    actor text not null,
    tried text not null,
    code text not null,
    reason text not null,
    unique (train, actor, tried, code, reason)
);
