-- name: plan
-- The canonical text of a plan.
select body from plan where digest = %(digest)s;

-- name: assessment
-- What was last thought of a plan of a train.
select body from assessment where train = %(train)s and plan_digest = %(digest)s order by at desc limit 1;

-- name: find_trains
-- Trains that a key may mean: by id, by name (the latest first), by the beginning of the id.
select id, name, plan_digest, phase, outcome, record, requested_by, started_at, ended_at, waiting_for
from train
where id = %(key)s or name = %(key)s or starts_with(id, %(key)s)
order by id = %(key)s desc, name = %(key)s desc, started_at desc, id
limit 5;

-- name: history
-- The latest trains first, of one name or of all.
select id, name, plan_digest, phase, outcome, record, requested_by, started_at, ended_at, waiting_for
from train
where %(name)s::text is null or name = %(name)s
order by started_at desc, id
limit %(limit)s;

-- name: known_names
-- What somebody may have meant: ids and names of recent trains.
select unnest(array[id, name]) as known
from (select id, name from train order by started_at desc limit 200) as recent;

-- name: request
-- What a train was asked to do.
select request from train where id = %(train)s;

-- name: steps
-- A train's steps in the order of its plan.
select id, component, uses, status, receipt, error, code, remains, started_at, ended_at
from step
where train = %(train)s
order by position nulls last, id;

-- name: measured
-- What the steps of a name's latest thirty trains took where they were done, and not found done: the 95th percentile.
-- One that was tried again took until it worked; one that was undone later has another end, and is left out.
select step.id as step, step.uses, count(*) as runs, greatest(1, ceil(percentile_disc(0.95) within group (
    order by extract(epoch from step.ended_at - step.started_at)
)))::integer as seconds
from (select id from train where name = %(name)s order by started_at desc limit 30) as latest
join step on step.train = latest.id
where step.status = 'done' and step.started_at is not null and step.ended_at is not null
    and not coalesce((step.receipt ->> 'adopted')::boolean, false)
group by step.id, step.uses
order by step.id, step.uses;

-- name: receipt
-- What a step handed back.
select receipt from step where train = %(train)s and id = %(step)s;

-- name: events
-- What happened in a train, in order.
select seq, at, type, step, actor, data from event where train = %(train)s order by seq;

-- name: next_seq
-- The number of the event that comes next.
select coalesce(max(seq), 0) + 1 as seq from event where train = %(train)s;

-- name: overdue_review
-- The first review of a train of this name that is overdue at a moment and was not written since.
select owed.train, owed.data->>'incident' as incident
from event as owed
join train on train.id = owed.train
where train.name = %(name)s
  and owed.type = 'emergency:review_due'
  and (owed.data->>'due')::timestamptz < %(now)s
  and not exists (
    select 1 from event as done
    where done.train = owed.train and done.type = 'emergency:reviewed' and done.seq > owed.seq
  )
order by owed.at
limit 1;

-- name: failures
-- Of the latest trains of a name that have ended, whether a step of one of these components failed, the latest first.
select exists (
    select 1 from step
    where step.train = train.id and step.component = any(%(components)s::text[]) and step.error <> ''
)
from train
where name = %(name)s and id <> %(but)s and outcome is not null
order by started_at desc, id
limit %(limit)s;

-- name: checks
-- How the given steps ended when they last came to an end in a train of this name, but for one; of each actuator.
select distinct on (step.id, step.uses) step.id, step.uses, step.status = 'done' as passed
from step
join train on train.id = step.train
where train.name = %(name)s and train.id <> %(but)s
  and step.id = any(%(steps)s::text[]) and step.status in ('done', 'failed')
order by step.id, step.uses, train.started_at desc, train.id;

-- name: owes_review
-- Whether something was waived in a train, and nobody has reviewed it since.
select exists (
    select 1 from event as owed
    where owed.train = %(train)s
      and owed.type = 'emergency:review_due'
      and not exists (
        select 1 from event as done
        where done.train = owed.train and done.type = 'emergency:reviewed' and done.seq > owed.seq
      )
);

-- name: holds_claim
-- Whether a ticket is held.
select exists (
    select from claim where ticket = %(ticket)s and granted_at is not null and released_at is null
);

-- name: claimed
-- Who holds some of these keys or waits for them, but for one train.
select train, holder, asked_at as since, granted_at is not null as granted,
    array(select unnest(keys) intersect select unnest(%(keys)s::text[]) order by 1) as components
from claim
where released_at is null and train <> %(train)s and keys && %(keys)s::text[]
order by ticket;

-- name: waiting_steps
-- The steps of one system's actuators that run, of trains that have not ended, the oldest train first.
select step.train, step.component, step.id as step
from step
join train on train.id = step.train
where step.status = 'running' and train.outcome is null and starts_with(step.uses, %(system)s || '.')
order by train.started_at, step.train, step.position;

-- name: answers
-- Whether the database does.
select 1 as yes;

-- name: refusals
-- What was tried with a train and refused, in order.
select train, at, last_at, times, actor, tried, code, reason from refusal where train = %(train)s order by at, id;
