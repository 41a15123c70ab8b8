-- The Merkle tree over one service's events. Run by the owner of the schema, any number of times; see tree.py.
--
-- All of it but the checkpoints follows from the events and can be made anew. A tile holds up to 256 hashes of one level in
-- eight: level 0 those of the entries, level 1 those of every 256 entries, and so on (C2SP tlog-tiles).

create table if not exists tree_tile (
    level  smallint not null check (level >= 0),
    place  bigint   not null check (place >= 0),
    hashes bytea    not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
    primary key (level, place)
);

create table if not exists tree_head (
    only_one boolean primary key default true check (only_one),
    size     bigint  not null
);

create table if not exists tree_checkpoint (
    size      bigint      primary key check (size > 0),
    root      bytea       not null,
    note      text        not null,
    signed_at timestamptz not null
);

create table if not exists tree_cosignature (
    size    bigint      not null references tree_checkpoint,
    witness text        not null,
    line    text        not null,
    kept_at timestamptz not null,
    primary key (size, witness)
);

-- The public keys by which these signatures are known: the log's own, its witnesses', that of bundles. They are told to whoever
-- asks; who wants to be sure compares them with what he was given on paper.
create table if not exists tree_key (
    vkey    text        primary key,
    name    text        not null,
    kept_at timestamptz not null
);

-- What was signed can't be unsigned.
create or replace trigger append_only before update or delete or truncate on tree_checkpoint
    for each statement execute function refuse_change();
create or replace trigger append_only before update or delete or truncate on tree_cosignature
    for each statement execute function refuse_change();
create or replace trigger append_only before update or delete or truncate on tree_key
    for each statement execute function refuse_change();
alter table tree_checkpoint enable always trigger append_only;
alter table tree_cosignature enable always trigger append_only;
alter table tree_key enable always trigger append_only;
