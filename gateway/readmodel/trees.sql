-- The trees over looks and over the policy (trees.py). Run by gateway_owner after tables.sql, any number of times; names say their
-- schema, because a rebuild of the read model has nothing to do with this.
--
-- A look has no place in an order: many are committed at once, and who waited for another would slow all down. So whatever
-- is recorded is put into `untaken` by the transaction that records it, and the tree's keeper moves it from there into
-- `entry`, which gives it its position for good. Nobody can record one without the other: that is a trigger's doing.
create schema if not exists access_tree;
create schema if not exists policy_tree;

create table if not exists access_tree.untaken (
    queued bigint generated always as identity primary key, kind text collate "C" not null, id text collate "C" not null);
create table if not exists policy_tree.untaken (like access_tree.untaken including all);
create table if not exists access_tree.entry (
    position bigint primary key check (position > 0), kind text collate "C" not null, id text collate "C" not null,
    unique (id, kind));
create table if not exists policy_tree.entry (like access_tree.entry including all);

create or replace function access_tree.put_in_line() returns trigger language plpgsql as $$
begin
    insert into access_tree.untaken (kind, id) select 'receipt', receipt_id::text from recorded;
    return null;
end $$;
create or replace function policy_tree.put_in_line() returns trigger language plpgsql as $$
begin
    insert into policy_tree.untaken (kind, id) values (tg_table_name, to_jsonb(new) ->> tg_argv[0]);
    return null;
end $$;
create or replace trigger in_line after insert on public.receipt
    referencing new table as recorded for each statement execute function access_tree.put_in_line();
create or replace trigger in_line after insert on public.policy_log
    for each row execute function policy_tree.put_in_line('position');
create or replace trigger in_line after insert on public.warrant
    for each row execute function policy_tree.put_in_line('warrant_id');
create or replace trigger in_line after insert on public.warrant_end
    for each row execute function policy_tree.put_in_line('warrant_id');
create or replace trigger in_line after insert on public.warrant_review
    for each row execute function policy_tree.put_in_line('warrant_id');

create or replace trigger in_line after insert on public.consent
    for each row execute function policy_tree.put_in_line('warrant_id');
create or replace trigger in_line after insert on public.consent_withdrawal
    for each row execute function policy_tree.put_in_line('warrant_id');
create or replace trigger in_line after insert on public.rule_version
    for each row execute function policy_tree.put_in_line('version_id');
create or replace trigger in_line after insert on public.key_life
    for each row execute function policy_tree.put_in_line('life_id');
create or replace trigger in_line after insert on public.restoration
    for each row execute function policy_tree.put_in_line('restoration_id');
create or replace trigger in_line after insert on public.audit_report
    for each row execute function policy_tree.put_in_line('report_id');

-- What its keeper may read of the policy log: the entries as they were signed.
create or replace view policy_tree.release as select position, body, signature from public.policy_log;

create or replace trigger append_only before update or delete or truncate on access_tree.entry
    for each statement execute function public.refuse_change();
create or replace trigger append_only before update or delete or truncate on policy_tree.entry
    for each statement execute function public.refuse_change();

grant usage on schema access_tree, policy_tree to gateway_writer;
grant select, insert, delete on access_tree.untaken, policy_tree.untaken to gateway_writer;
grant select, insert on access_tree.entry, policy_tree.entry to gateway_writer;
grant select on policy_tree.release to gateway_writer;
-- Everybody may know at which place of the log something stands; what it says is behind its own table's row security.
grant usage on schema policy_tree to gateway_reader;
grant select on policy_tree.entry to gateway_reader;
