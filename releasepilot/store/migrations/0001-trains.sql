-- Plans, trains, their steps and their events.

-- A plan is kept as its canonical text, so that it reads back to the same digest.
create table plan (
    digest text primary key,
    train_name text not null,
    body text not null,
    created_at timestamptz not null default now()
);

-- The steps of a plan, in its order: what a train's pending steps are made of.
create table plan_step (
    plan_digest text not null references plan (digest) on delete cascade,
    id text not null,
    position integer not null,
    component text not null,
    uses text not null,
    primary key (plan_digest, id)
);

create table train (
    id text primary key,
    name text not null,
    request jsonb not null,
    plan_digest text not null default '',
    phase text not null default 'planning',
    outcome text,
    record jsonb,
    requested_by text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    waiting_for text not null default '',
    -- The last event that this row and the train's steps follow from.
    seq bigint not null default 0
);

create index train_by_start on train (started_at desc, id);

create index train_by_name on train (name, started_at desc);

create table step (
    train text not null references train (id) on delete cascade,
    id text not null,
    position integer,
    component text not null,
    uses text not null default '',
    status text not null default 'pending',
    receipt jsonb,
    error text not null default '',
    code text not null default '',
    remains text not null default '',
    started_at timestamptz,
    ended_at timestamptz,
    primary key (train, id)
);

create table event (
    train text not null references train (id) on delete cascade,
    seq bigint not null,
    at timestamptz not null,
    type text not null,
    step text not null default '',
    actor text not null default '',
    data jsonb not null default '{}',
    primary key (train, seq)
);
