-- depends: 0001-trains

-- What was thought of a train's plans.

-- One row for each time that a plan was judged; never changed.
create table assessment (
    train text not null references train (id) on delete cascade,
    plan_digest text not null,
    at timestamptz not null,
    body text not null,
    primary key (train, plan_digest, at)
);
