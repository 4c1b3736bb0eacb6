-- name: insert_plan
-- Equal plans have one digest, so a second save changes nothing.
insert into plan (digest, train_name, body) values (%(digest)s, %(train_name)s, %(body)s)
on conflict do nothing;

-- name: insert_assessment
-- What was thought of a plan at a moment; never changed.
insert into assessment (train, plan_digest, at, body) values (%(train)s, %(digest)s, %(at)s, %(body)s)
on conflict do nothing;

-- name: insert_plan_steps
-- The steps of a plan, in its order.
insert into plan_step (plan_digest, id, position, component, uses)
select %(digest)s, id, position, component, uses
from unnest(%(ids)s::text[], %(components)s::text[], %(uses)s::text[])
    with ordinality as given (id, component, uses, position)
on conflict do nothing;

-- name: insert_train
-- A train is opened once.
insert into train (id, name, request, requested_by, started_at)
values (%(id)s, %(name)s, %(request)s, %(requested_by)s, %(started_at)s)
on conflict do nothing;

-- name: lock_train
-- Writers of one train go one after the other.
select plan_digest, phase, outcome, record, ended_at, waiting_for, seq from train where id = %(train)s for update;

-- name: insert_events
-- Events that are there already stay as they are; the numbers of the new ones come back.
insert into event (train, seq, at, type, step, actor, data)
select %(train)s, seq, at, type, step, actor, data
from jsonb_to_recordset(%(events)s::jsonb)
    as given (seq bigint, at timestamptz, type text, step text, actor text, data jsonb)
order by seq
on conflict do nothing
returning seq;

-- name: all_events
-- For a read model that is made anew.
select seq, at, type, step, actor, data from event where train = %(train)s order by seq;

-- name: forget_steps
-- For a read model that is made anew.
delete from step where train = %(train)s;

-- name: forget_pending
-- A new plan replaces what has not begun.
delete from step where train = %(train)s and status = 'pending';

-- name: pend_steps
-- Every step of the plan, waiting.
insert into step (train, id, position, component, uses)
select %(train)s, id, position, component, uses from plan_step where plan_digest = %(digest)s
on conflict (train, id) do update set position = excluded.position, uses = excluded.uses;

-- name: steps_now
-- Where those of the given steps stand that have moved before; the others are as they were made.
select id, status, receipt, error, code, remains, started_at, ended_at
from step
where train = %(train)s and id = any (%(ids)s) and status <> 'pending';

-- name: put_steps
-- Where the given steps stand from now on. A step that no saved plan names is added.
insert into step (train, id, component, status, receipt, error, code, remains, started_at, ended_at)
select %(train)s, id, split_part(id, '/', 1), status, receipt, error, code, remains, started_at, ended_at
from jsonb_to_recordset(%(steps)s::jsonb) as given (
    id text, status text, receipt jsonb, error text, code text, remains text,
    started_at timestamptz, ended_at timestamptz
)
on conflict (train, id) do update set
    status = excluded.status, receipt = excluded.receipt, error = excluded.error, code = excluded.code,
    remains = excluded.remains, started_at = excluded.started_at, ended_at = excluded.ended_at;

-- name: put_train
-- Where a train stands from now on.
update train set
    plan_digest = %(plan_digest)s, phase = %(phase)s, outcome = %(outcome)s, record = %(record)s,
    ended_at = %(ended_at)s, waiting_for = %(waiting_for)s, seq = %(seq)s
where id = %(train)s;

-- name: lock_claims
-- Claims are asked for and let go one after the other.
select pg_advisory_xact_lock(hashtext('releasepilot.claim'));

-- name: find_claim
-- The claim that a holder has, or waits with.
select ticket, keys from claim where holder = %(holder)s and released_at is null;

-- name: insert_claim
-- A new place, at the end of the queue.
insert into claim (train, holder, keys, asked_at) values (%(train)s, %(holder)s, %(keys)s, %(at)s) returning ticket;

-- name: narrow_claim
-- Fewer keys keep their place.
update claim set keys = %(keys)s where ticket = %(ticket)s;

-- name: claims_ahead
-- Who came before and shares a key.
select train, holder, asked_at as since, granted_at is not null as granted,
    array(select unnest(keys) intersect select unnest(%(keys)s::text[]) order by 1) as components
from claim
where released_at is null and ticket < %(ticket)s and keys && %(keys)s::text[]
order by ticket;

-- name: grant_claim
-- Nobody is before it.
update claim set granted_at = coalesce(granted_at, %(at)s) where ticket = %(ticket)s;

-- name: claims_ended
-- Whether somebody else held some of the same, and ended after a moment.
select exists (
    select from claim
    where released_at > %(since)s and granted_at is not null and holder <> %(holder)s and keys && %(keys)s::text[]
);

-- name: release_claims
-- What a train, or one holder, has is free for others.
update claim set released_at = %(at)s
where released_at is null and (train = %(train)s or holder = %(holder)s)
returning keys;

-- name: claims_freed
-- Who waits for some of these keys, and has nobody before it any more.
select holder from claim as waiting
where released_at is null and granted_at is null and keys && %(keys)s::text[]
    and not exists (
        select from claim as before
        where before.released_at is null and before.ticket < waiting.ticket and before.keys && waiting.keys
    )
order by ticket;

-- name: hold_train
-- Whoever writes refusals of one train goes one after the other; no row where there is no such train.
select id from train where id = %(train)s for update;

-- name: repeat_refusal
-- The same was refused before.
update refusal set times = times + %(times)s, at = least(at, %(at)s), last_at = greatest(last_at, %(last_at)s)
where train = %(train)s and actor = %(actor)s and tried = %(tried)s and code = %(code)s and reason = %(reason)s;

-- name: insert_refusal
-- A new one, while there are few of the train and few of its actor. Whoever has not shown who they are is one actor
-- under all names.
insert into refusal (train, at, last_at, times, actor, tried, code, reason)
select %(train)s, %(at)s, %(last_at)s, %(times)s, %(actor)s, %(tried)s, %(code)s, %(reason)s
where (select count(*) from refusal where train = %(train)s) < %(most)s
  and (
    select count(*) from refusal as other
    where other.train = %(train)s
      and case when %(code)s = %(unproven)s then other.code = %(unproven)s
               else other.code <> %(unproven)s and other.actor = %(actor)s end
  ) < %(most_of_one)s;

-- name: count_refusal
-- One of too many.
insert into refusal (train, at, last_at, times, actor, tried, code, reason)
values (%(train)s, %(at)s, %(last_at)s, %(times)s, %(actor)s, %(tried)s, %(code)s, %(reason)s)
on conflict (train, actor, tried, code, reason) do update set
    times = refusal.times + excluded.times, last_at = greatest(refusal.last_at, excluded.last_at);
