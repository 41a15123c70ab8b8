-- The schema of one service's event store. Run by the owner of the schema, any number of times; see store.py.

create table if not exists events (
    originator_id      uuid        not null,
    originator_version bigint      not null check (originator_version > 0),
    topic              text        not null,
    state              bytea       not null,
    notification_id    bigint      not null unique,  -- 1, 2, 3, ... in the order of commits, without holes
    recorded_at        timestamptz not null,         -- by the system's clock, as the event says
    stored_at          timestamptz not null default clock_timestamp(),
    actor              text        not null,
    department         text        not null,
    purpose            text        not null,
    command_id         uuid        not null,
    correlation_id     uuid        not null,
    causation_id       uuid,
    trace              text        not null,
    primary key (originator_id, originator_version)
);

create table if not exists commands (
    id           uuid        primary key,
    name         text        not null,
    request_hash bytea       not null,
    answer       uuid        not null,
    position     bigint      not null,
    stored_at    timestamptz not null default clock_timestamp()
);

create table if not exists tracking (
    name     text   primary key,
    position bigint not null
);

-- What has happened can't be made not to have happened, by nobody: not by the owner either.
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% of % is refused: it is append-only', tg_op, tg_table_name using errcode = 'object_not_in_prerequisite_state';
end $$;

create or replace trigger append_only before update or delete or truncate on events
    for each statement execute function refuse_change();
create or replace trigger append_only before update or delete or truncate on commands
    for each statement execute function refuse_change();
alter table events enable always trigger append_only;
alter table commands enable always trigger append_only;

-- Whoever inserts events holds the store's lock until the commit, so that positions are given in the order of commits and
-- a reader who has seen position n will never find a smaller one later. An advisory lock and not LOCK TABLE: that would
-- need the right to update, and would stop every append for as long as a vacuum (of which some can't be interrupted) runs.
create or replace function lock_store() returns void language sql as $$
    select pg_advisory_xact_lock(108170621515109)  -- the letters "baoxue" as a number
$$;

create or replace function lock_store_on_insert() returns trigger language plpgsql as $$
begin
    perform lock_store();
    return null;
end $$;

create or replace trigger locked before insert on events
    for each statement execute function lock_store_on_insert();

-- Appends a group of entries in one call. An entry is what one caller wants stored, all or nothing: the events at its
-- number in event_entry, at most one command and at most one tracking; nulls stand for none. No two entries may share an
-- event's place, a command id or a tracking name. What can't be stored is left out and doesn't touch the others.
--
-- One row per entry: outcome `stored`; or `known` (the command id has been recorded: its answer and position),
-- `passed` (the tracking has been recorded), `taken` (another event stands in the place of one of these). `same` says of
-- those whether exactly this entry is what is stored, so that a writer who lost its connection while committing knows
-- its own. `position` is that of the entry's last event, or the head of the log.
--
-- Joins are told to use the primary keys: plans are made once per session, when the tables may have been empty.
create or replace function append_events(
    event_counts integer[], command_ids uuid[], names text[], request_hashes bytea[], answers uuid[],
    tracking_names text[], tracking_positions bigint[],
    event_entry integer[], originator_ids uuid[], originator_versions bigint[], topics text[], states bytea[],
    recorded_ats timestamptz[], actors text[], departments text[], purposes text[], event_command_ids uuid[],
    correlation_ids uuid[], causation_ids uuid[], traces text[]
) returns table (entry integer, outcome text, "position" bigint, answer uuid, same boolean)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    head bigint;
    refused integer[];
begin
    perform lock_store();
    select coalesce(max(e.notification_id), 0) into head from events e;

    select coalesce(array_agg(distinct r.entry), '{}') into refused from (
        select c.entry::integer from unnest(command_ids) with ordinality c (id, entry) join commands k on k.id = c.id
        union all
        select t.entry::integer from unnest(tracking_names, tracking_positions) with ordinality t (name, position, entry)
            join tracking k on k.name = t.name and k.position >= t.position
        union all
        select n.entry from unnest(event_entry, originator_ids, originator_versions) n (entry, id, version)
            join events e on e.originator_id = n.id and e.originator_version = n.version
    ) r;

    insert into events (
        notification_id, originator_id, originator_version, topic, state, recorded_at,
        actor, department, purpose, command_id, correlation_id, causation_id, trace
    )
    select head + row_number() over (order by n.number), n.id, n.version, n.topic, n.state, n.recorded_at,
        n.actor, n.department, n.purpose, n.command_id, n.correlation_id, n.causation_id, n.trace
    from unnest(
        event_entry, originator_ids, originator_versions, topics, states, recorded_ats,
        actors, departments, purposes, event_command_ids, correlation_ids, causation_ids, traces
    ) with ordinality n (
        entry, id, version, topic, state, recorded_at,
        actor, department, purpose, command_id, correlation_id, causation_id, trace, number
    )
    where n.entry <> all (refused);

    insert into tracking as k (name, position)
    select t.name, t.position from unnest(tracking_names, tracking_positions) with ordinality t (name, position, entry)
    where t.name is not null and t.entry <> all (refused)
    on conflict (name) do update set position = excluded.position;

    return query with accepted as (
        select n.entry::integer, n.id, n.name, n.request_hash, n.answer,
            head + sum(n.events) over (order by n.entry) as position
        from unnest(event_counts, command_ids, names, request_hashes, answers)
            with ordinality n (events, id, name, request_hash, answer, entry)
        where n.entry <> all (refused)
    ), remembered as (
        insert into commands (id, name, request_hash, answer, position)
        select a.id, a.name, a.request_hash, a.answer, a.position from accepted a where a.id is not null
    )
    select a.entry, 'stored', a.position::bigint, null::uuid, true from accepted a;

    if refused = '{}' then
        return;
    end if;
    return query select
        n.entry::integer,
        case when k.id is not null then 'known' when t.name is not null then 'passed' else 'taken' end,
        coalesce(k.position, s.position, head),
        k.answer,
        s.events = n.events and (n.command_id is null or k.answer is not distinct from n.answer)
    from unnest(event_counts, command_ids, answers, tracking_names, tracking_positions)
        with ordinality n (events, command_id, answer, tracking_name, tracking_position, entry)
    left join commands k on k.id = n.command_id
    left join tracking t on t.name = n.tracking_name and t.position >= n.tracking_position
    cross join lateral (
        select count(*) as events, max(e.notification_id) as position
        from unnest(event_entry, originator_ids, originator_versions, topics, states, event_command_ids)
            v (entry, id, version, topic, state, command_id)
        join events e on e.originator_id = v.id and e.originator_version = v.version
        where v.entry = n.entry and e.topic = v.topic and e.state = v.state and e.command_id = v.command_id
    ) s
    where n.entry = any (refused);
end $$;

-- Rights of schema objects are granted by name: see `migrate`.
revoke all on function append_events, lock_store, lock_store_on_insert, refuse_change from public;
