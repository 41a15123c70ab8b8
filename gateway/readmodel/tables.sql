-- The gateway's read model 读模型: what the services told, as departments may look at it. Disposable: rebuilt from events.
--
-- Run by readmodel/migrate.py as gateway_owner; every statement may run again. A rebuild runs the same statements in a schema
-- of its own, so no name here says its schema. Three roles:
--   gateway_owner   owns the tables; under FORCE ROW LEVEL SECURITY even the owner sees no row of its own making
--   gateway_writer  the projector and the receipts: all rows, by policies of its own
--   gateway_reader  what answers queries: SELECT only, and only rows within the claims of the session
--
-- Claims are session settings the endpoint makes before a query; a claim that is absent or empty opens nothing:
--   app.lo, app.hi  range of township codes [lo, hi) 辖区        app.village  twelve-digit code 村
--   app.school      school code 学校                             app.unit     the caller's unit, `kind:area` 单位
--   app.kind, app.area  for departments that see whom they are asked about, by a referral 转办 that is open or was answered
--                       on app.since or later, or an open finding they owe an answer to 比对发现: the halves of app.unit
--   app.open_lo, app.open_hi  range within which only children with an open case are reached 在办个案
--   app.warrant     kind of warrant by which children are reached one by one 凭据, with app.actor, app.purpose, app.at
--   app.child       the one child a token is about; closes every other row of a child, whatever else is set
--   app.receipts    'on': the log of looks 查阅留痕              app.journal  'on': the journal of events 事件日志
-- A purpose reaches rows in one way, so of the ranges, village, school, kind and warrant one is set, the others empty.
-- Codes compare as bytes (collation C): a range is then an index condition, and leakproof.

create table if not exists township (code text collate "C" primary key, name text not null);
create table if not exists village (
    code text collate "C" primary key, township text collate "C" not null, name text not null default '');

create table if not exists child (
    child_id uuid primary key,
    township text collate "C" not null default '', village text collate "C" not null default '',
    household_id uuid, sex text not null default '',
    school text collate "C" not null default '', school_name text not null default '',
    stage text not null default '', grade text not null default '', schooling_status text not null default '',
    poverty text not null default '', disability text not null default '', disability_grade text not null default '',
    left_behind boolean not null default false, migrant boolean not null default false,
    accounted_state text collate "C" not null default '', accounted_reason text not null default '', accounted_on date,
    open_case_id uuid, merged_into uuid, erased boolean not null default false,
    merged_position bigint not null default 0);
alter table child add column if not exists merged_position bigint not null default 0;
alter table child add column if not exists restricted boolean not null default false,
    add column if not exists was_restricted boolean not null default false,
    add column if not exists stays jsonb not null default '[]';
create index if not exists child_by_township on child (township, child_id);
create index if not exists child_by_state on child (township, accounted_state, child_id);
create index if not exists child_by_school on child (school, township, child_id) where school <> '';
create index if not exists child_by_village on child (village, township, child_id) where village <> '';
create index if not exists child_by_open_case on child (township, child_id) where open_case_id is not null;
create index if not exists child_by_household on child (household_id) where household_id is not null;

create table if not exists child_identity (
    child_id uuid primary key, township text collate "C" not null default '',
    name text not null default '', id_number text not null default '', birth_date date,
    guardian_name text not null default '', guardian_phone text not null default '',
    name_pinyin text collate "C" not null default '', name_initials text collate "C" not null default '',
    id_last4 text collate "C" not null default '', student_number text not null default '');
alter table child_identity add column if not exists student_number text not null default '';
create index if not exists child_identity_by_township on child_identity (township, child_id);
create index if not exists child_identity_by_pinyin on child_identity (name_pinyin, township);
create index if not exists child_identity_by_initials on child_identity (name_initials, township);
create index if not exists child_identity_by_name on child_identity (name collate "C", township);
create index if not exists child_identity_by_last4 on child_identity (id_last4, township);

-- How many children of a place are in a state and were born in a span of time, kept beside them by the projection; see
-- partition.py. `village` is empty for a township as a whole; `born` is the first day of the span.
create table if not exists partition_count (
    level text collate "C" not null check (level in ('township', 'village')),
    span text collate "C" not null check (span in ('ever', 'undated', 'year', 'month', 'day')),
    township text collate "C" not null, village text collate "C" not null, born date not null, state text collate "C" not null,
    children integer not null, primary key (level, span, township, village, born, state) include (children));

-- What moves children from one of these numbers to another, statement by statement, for the partition of any past; see moves.py.
-- Births are there exactly where the child's identity is. Opened to replays only.
create table if not exists child_move (
    event_id uuid primary key, child_id uuid not null,
    kind text collate "C" not null check (kind in ('place', 'state', 'merge', 'missing')), position bigint not null,
    recorded_at timestamptz not null, holds_on date not null,
    township text collate "C" not null default '', village text collate "C" not null default '',
    state text collate "C" not null default '', merged boolean not null default false);
create index if not exists child_move_by_kind on child_move (kind, child_id, position desc)
    include (recorded_at, holds_on, township, village, state, merged);
create table if not exists child_births (
    child_id uuid primary key, recorded_at timestamptz[] not null default '{}', holds_on date[] not null default '{}',
    birth_date date[] not null default '{}');
create table if not exists case_span (
    case_id uuid primary key, child_id uuid not null, from_at timestamptz not null, from_on date not null,
    until_at timestamptz, until_on date);

create table if not exists finding (
    finding_id uuid primary key, child_id uuid not null,
    kind text collate "C" not null default '', reason text not null default '', owner text not null default '',
    township text collate "C" not null default '', village text collate "C" not null default '',
    school text collate "C" not null default '', stage text not null default '',
    raised_on date, due_on date, legal_basis text not null default '',
    state text collate "C" not null default 'open', overdue boolean not null default false,
    answer_code text not null default '', evidence text not null default '', answered_by text not null default '',
    answered_on date, return_reason text not null default '',
    resolved_on date, resolution text not null default '', approved_by text not null default '');
alter table finding
    add column if not exists due_on date, add column if not exists legal_basis text not null default '',
    add column if not exists state text collate "C" not null default 'open',
    add column if not exists overdue boolean not null default false,
    add column if not exists answer_code text not null default '', add column if not exists evidence text not null default '',
    add column if not exists answered_by text not null default '', add column if not exists answered_on date,
    add column if not exists return_reason text not null default '',
    add column if not exists approved_by text not null default '';
create index if not exists finding_by_child on finding (child_id);
create index if not exists finding_open_of on finding (owner, child_id) where resolved_on is null;
create index if not exists finding_open on finding (township, finding_id) where resolved_on is null;
create index if not exists finding_open_by_kind on finding (township, kind, finding_id) where resolved_on is null;

-- Two entries that may be one child; under the townships of both.
alter table finding add column if not exists grounds jsonb not null default '[]';
alter table child add column if not exists boarding boolean not null default false;
alter table child add column if not exists sources jsonb not null default '[]',
    add column if not exists obliged_from date, add column if not exists obliged_until date;
create table if not exists merge_step (
    step_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    other_id uuid not null, what text not null, reason text not null default '', at timestamptz not null,
    department text not null default '');
create index if not exists merge_step_by_child on merge_step (child_id);
create table if not exists four_checks (
    check_id uuid primary key, township text collate "C" not null default '', as_of date not null,
    counted_at timestamptz not null, places jsonb not null default '[]', batches jsonb not null default '[]');
create index if not exists four_checks_by_day on four_checks (as_of, township);
create table if not exists doubt (
    doubt_id uuid primary key, child_id uuid not null, other_id uuid not null,
    township text collate "C" not null default '', other_township text collate "C" not null default '',
    reason text not null default '', score double precision not null default 0,
    state text collate "C" not null default 'open', raised_on date, decision text not null default '',
    decision_reason text not null default '', decided_by text not null default '', ended_on date);
create index if not exists doubt_by_child on doubt (child_id);
create index if not exists doubt_by_other on doubt (other_id);
create index if not exists doubt_by_day on doubt (state, raised_on, doubt_id);
alter table doubt add column if not exists pairs jsonb not null default '[]';
-- What the rows say over which two entries are doubted, opened: as narrow as `child_identity`, each row under its own entry.
create table if not exists doubt_row (
    row_id uuid primary key, doubt_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', number integer not null,
    name text not null default '', id_number text not null default '', student_number text not null default '',
    birth_date text not null default '', sex text not null default '', guardian_name text not null default '',
    guardian_phone text not null default '', place text not null default '', household_number text not null default '',
    school_name text not null default '', grade text not null default '', school_class text not null default '');
create index if not exists doubt_row_by_doubt on doubt_row (doubt_id, number);
create index if not exists doubt_row_by_child on doubt_row (child_id);
create table if not exists doubt_step (
    step_id uuid primary key, doubt_id uuid not null, child_id uuid not null, other_id uuid not null,
    township text collate "C" not null default '', other_township text collate "C" not null default '',
    what text not null, reason text not null default '', score double precision, at timestamptz not null,
    actor text not null default '', department text not null default '');
create index if not exists doubt_step_by_doubt on doubt_step (doubt_id);
create index if not exists doubt_step_by_child on doubt_step (child_id);
create index if not exists doubt_step_by_other on doubt_step (other_id);
-- Which rows of registers are a child's own, and by which pairs of them they are linked.
create table if not exists child_rows (
    child_id uuid primary key, township text collate "C" not null default '',
    grounds jsonb not null default '[]', links jsonb not null default '[]');

create table if not exists case_file (
    case_id uuid primary key, child_id uuid not null,
    state text collate "C" not null default '', cause text not null default '', causes text[] not null default '{}',
    township text collate "C" not null default '', village text collate "C" not null default '',
    school text collate "C" not null default '', stage text not null default '',
    earlier_case uuid, opened_on date, confirmed_on date, ordered_on date, returned_on date, closed_on date,
    resolution text not null default '',
    owed_step text not null default '', owed_by text not null default '', owed_due_on date,
    owed_rule text not null default '', owed_legal_basis text not null default '',
    expired_steps integer not null default 0, paused_until date, extension_asked integer not null default 0);
alter table case_file add column if not exists paused_until date;
alter table case_file add column if not exists extension_asked integer not null default 0;
alter table case_file add column if not exists unnamed text[] not null default '{}';
alter table case_file
    add column if not exists late_since date, add column if not exists searched_on date,
    add column if not exists seat_days integer not null default 0;
alter table case_file
    add column if not exists watch_until date,
    add column if not exists extension_reason text not null default '',
    add column if not exists extension_asked_by text not null default '',
    add column if not exists clearance_asked text not null default '',
    add column if not exists clearance_evidence text not null default '',
    add column if not exists clearance_asked_by text not null default '',
    add column if not exists clearance_asked_on date, add column if not exists clearance_until date;
create index if not exists case_file_by_child on case_file (child_id);
create index if not exists case_file_by_township on case_file (township, case_id);
create index if not exists case_file_by_state on case_file (township, state, case_id);
create index if not exists case_file_late on case_file (township, case_id) where late_since is not null;
create index if not exists case_file_owed on case_file (township, owed_due_on) where owed_due_on is not null;

create table if not exists case_step (
    event_id uuid primary key, case_id uuid not null, child_id uuid, township text collate "C" not null default '',
    type text not null default '', at timestamptz not null, actor text not null default '',
    department text not null default '', purpose text not null default '', detail text not null default '',
    producer text not null default '', position bigint not null default 0);
alter table case_step alter column child_id drop not null;  -- what notify tells of a case is its child's once the case is known
create index if not exists case_step_by_case on case_step (case_id, at, event_id);
create index if not exists case_step_by_child on case_step (child_id);

create table if not exists document (
    document_id uuid primary key, case_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', kind text not null default '', number text not null default '',
    issuer text not null default '', legal_basis text not null default '', term_days integer not null default 0,
    issued_on date, served_on date, method text not null default '', receipt text not null default '', expires_on date);
alter table document add column if not exists decided_by text not null default '', add column if not exists decision text not null default '';
alter table document
    add column if not exists result text not null default '', add column if not exists result_on date,
    add column if not exists result_by text not null default '';
create index if not exists document_by_township on document (township, document_id);
create index if not exists document_by_case on document (case_id);
create index if not exists document_by_child on document (child_id);

create table if not exists proceedings (
    proceedings_id uuid primary key, case_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', number_in_case integer not null default 0,
    kind text not null default '', state text not null default '', brought_by text not null default '',
    supported_by text not null default '', authority text not null default '', ground uuid,
    legal_basis text not null default '', filed_on date, docket text not null default '', accepted_on date,
    hearings integer not null default 0, heard_on date, decision text not null default '', grants boolean,
    on_appeal boolean not null default false, decision_paper text not null default '', decided_on date, comply_by date,
    method text not null default '', receipt text not null default '', served_on date, appeal_until date, in_force_on date,
    appellant text not null default '', appealed_on date, ended_paper text not null default '', ended_on date);
create index if not exists proceedings_by_township on proceedings (township, proceedings_id);
create index if not exists proceedings_by_case on proceedings (case_id);
create index if not exists proceedings_by_child on proceedings (child_id);

create table if not exists referral (
    referral_id uuid primary key, case_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', to_unit text collate "C" not null default '',
    purpose text not null default '', request text not null default '', state text collate "C" not null default '',
    opened_on date, reply_by date, outcome text not null default '', answered_on date);
alter table referral
    add column if not exists handed_on_from uuid, add column if not exists asked_by text not null default '',
    add column if not exists decision text not null default '', add column if not exists decision_paper text not null default '',
    add column if not exists decided_on date,
    add column if not exists relief_decision text collate "C" not null default '', add column if not exists granted text not null default '',
    add column if not exists granted_from date, add column if not exists amount_fen bigint,
    add column if not exists refused_for text not null default '', add column if not exists papers text[] not null default '{}';
create index if not exists referral_by_child on referral (child_id);
create index if not exists referral_by_case on referral (case_id);
create index if not exists referral_by_township on referral (township, referral_id);
drop index if exists referral_answered_to, referral_open_to;  -- they did not know the area
create index if not exists referral_answered_in on referral (to_unit, township, answered_on, child_id) where state = 'answered';
create index if not exists referral_open_in on referral (to_unit, township, child_id) where state in ('opened', 'accepted');

create table if not exists responsibility (
    assignment_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    role text not null default '', officer text collate "C" not null default '',
    from_on date, until_on date, successor text not null default '');
alter table responsibility add column if not exists stands_in_for uuid;
create index if not exists responsibility_by_child on responsibility (child_id);
create index if not exists responsibility_by_officer on responsibility (officer, child_id);

create table if not exists post_tenure (
    tenure_id uuid primary key, post_id uuid not null, role text not null default '',
    officer text collate "C" not null default '', township text collate "C" not null default '',
    village text collate "C" not null default '', school text collate "C" not null default '',
    from_on date, until_on date, deputy boolean not null default false);
create index if not exists post_tenure_of_village on post_tenure (village) where village <> '';
create index if not exists post_tenure_of_school on post_tenure (school) where school <> '';
create index if not exists post_tenure_of_township on post_tenure (township) where village = '' and school = '';

create table if not exists public_report (
    report_id uuid primary key, township text collate "C" not null default '', receipt_number text not null default '',
    received_on date, outcome text not null default '', handled_on date);
alter table public_report
    add column if not exists outcome text not null default '', add column if not exists handled_on date,
    add column if not exists follow_up text not null default '', add column if not exists case_id uuid,
    add column if not exists owed_step text not null default '', add column if not exists owed_by text not null default '',
    add column if not exists owed_due_on date, add column if not exists inquiries integer not null default 0,
    add column if not exists inquired_on date;
create index if not exists public_report_by_receipt on public_report (receipt_number);
create index if not exists public_report_by_secret on public_report (follow_up) where follow_up <> '';
create index if not exists public_report_by_township on public_report (township, report_id);

-- The work around the cases: what was visited, signed, inspected, answered.
create table if not exists visit (
    visit_id uuid primary key, child_id uuid not null, township text collate "C" not null default '', case_id uuid,
    method text not null default '', attitude text not null default '', visitor text not null default '',
    visited_on date, next_on date, attachments uuid[] not null default '{}');
create index if not exists visit_by_child on visit (child_id);
-- What people said in their own words, opened: as narrow as `child_identity`, and forgotten with their person.
create table if not exists visit_words (
    visit_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    promise text not null default '');
create index if not exists visit_words_by_child on visit_words (child_id);
create table if not exists step_words (
    event_id uuid primary key, child_id uuid not null, case_id uuid not null, township text collate "C" not null default '',
    note text not null default '');
create index if not exists step_words_by_child on step_words (child_id);
create index if not exists step_words_by_case on step_words (case_id);
create table if not exists report_words (
    report_id uuid primary key, township text collate "C" not null default '', text text not null default '',
    supplements text[] not null default '{}');
alter table report_words add column if not exists notes text[] not null default '{}';
create table if not exists attachment (
    attachment_id uuid primary key, child_id uuid not null, township text collate "C" not null default '', case_id uuid,
    shows text not null default '', media_type text not null default '', size integer not null default 0,
    sha256 text not null default '', kept_on date);
alter table attachment add column if not exists document_id uuid;
create index if not exists attachment_of_document on attachment (document_id) where document_id is not null;
create index if not exists attachment_by_child on attachment (child_id);
create table if not exists visit_plan (
    plan_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    visitor text not null default '', reason text not null default '', every_days integer not null default 0,
    first_on date, missed integer not null default 0, missed_on date, ended_on date);
alter table visit_plan add column if not exists next_on date;
create index if not exists visit_plan_by_child on visit_plan (child_id);
create table if not exists persuasion_list (
    list_id uuid primary key, township text collate "C" not null default '', month text collate "C" not null default '',
    returned integer not null default 0, not_returned integer not null default 0, signed_by text[] not null default '{}',
    complete boolean not null default false, opened_on date);
alter table persuasion_list
    add column if not exists returned_cases uuid[] not null default '{}',
    add column if not exists not_returned_cases uuid[] not null default '{}',
    add column if not exists signers text[] not null default '{}', add column if not exists signed_days date[] not null default '{}';
create table if not exists statement (
    statement_id uuid primary key, level text not null default '', year integer not null default 0,
    superior text not null default '', party text not null default '', township text collate "C" not null default '',
    signed_on date);
create table if not exists inspection (
    inspection_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    matter text not null default '', population integer not null default 0, sample uuid[] not null default '{}',
    opened_on date, closed_on date);
create table if not exists inspection_finding (
    finding_id uuid primary key, inspection_id uuid not null, township text collate "C" not null default '',
    number integer not null default 0, finding text not null default '', owed_by text collate "C" not null default '',
    due_on date, state text collate "C" not null default '', evidence text not null default '', checked_on date);
alter table inspection_finding
    add column if not exists first_due_on date, add column if not exists reported_on date;
create index if not exists inspection_finding_of on inspection_finding (inspection_id);
create table if not exists admonition (
    admonition_id uuid primary key, kind text not null default '', unit text collate "C" not null default '',
    township text collate "C" not null default '', number text not null default '', ground text not null default '',
    reply_by date, issued_on date, answer text not null default '', late boolean not null default false, answered_on date);
create table if not exists accountability (
    decision_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    ground text not null default '', measure text not null default '', number text not null default '', decided_on date);
create table if not exists zero_report (
    report_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    month text collate "C" not null default '', late boolean not null default false, signed_on date);
create table if not exists assistance_letter (
    letter_id uuid primary key, case_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', place text not null default '', number text not null default '',
    request text not null default '', reply_by date, sent_on date, reminders integer not null default 0,
    outcome text not null default '', paper text not null default '', answered_on date);
alter table assistance_letter add column if not exists withdrawn_on date;
create index if not exists assistance_letter_by_child on assistance_letter (child_id);
create index if not exists assistance_letter_by_case on assistance_letter (case_id);
create table if not exists procuratorate_notice (
    notice_id uuid primary key, township text collate "C" not null default '', number text not null default '',
    matter text not null default '', case_id uuid, reply_by date, received_on date, answer text not null default '',
    paper text not null default '', late boolean not null default false, answered_on date);
alter table procuratorate_notice add column if not exists sender text collate "C" not null default '';
-- Requests about what is held of a child 个人信息权利请求: whose they are is the child's row, who asked stands on paper.
create table if not exists data_request (
    request_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    receipt_number text collate "C" not null default '', kind text collate "C" not null default '',
    subject text collate "C" not null default '', asked_by text collate "C" not null default '', request text not null default '',
    received_for text collate "C" not null default '', owed_by text collate "C" not null default '', officer text not null default '',
    due_on date, legal_basis text not null default '', received_on date, shown text not null default '', checked_on date,
    corrected_on date, outcome text collate "C" not null default '', ground text collate "C" not null default '',
    ground_basis text not null default '', answer text not null default '', content text not null default '',
    late boolean not null default false, ended_on date);
create index if not exists data_request_by_child on data_request (child_id);
create table if not exists county_report (
    report_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    number text not null default '', confirmed uuid[] not null default '{}', unreachable uuid[] not null default '{}',
    made_on date);
-- What is made public; whoever asks sees what has a number, nobody needs a ground for it.
create table if not exists disclosure (
    disclosure_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    state text collate "C" not null default '', number integer not null default 0, content jsonb,
    cells jsonb not null default '[]', counted_on date, school_year text not null default '', rule text not null default '',
    tasks text[] not null default '{}', methods text[] not null default '{}', bodies text[] not null default '{}',
    sha256 text not null default '', reached text[] not null default '{}', prepared_by text not null default '',
    prepared_on date, approved_by text not null default '', approved_on date, released_by text not null default '',
    released_on date, reason text not null default '', ended_on date);
-- Packs of statistics, a row for each version: what was frozen stays, and what restates it stands beside it.
create table if not exists statistics_pack (
    version_id uuid primary key, pack_id uuid not null, township text collate "C" not null default '',
    unit text collate "C" not null default '', version integer not null default 1, kind text collate "C" not null default '',
    period text collate "C" not null default '', counted_on date, differing integer not null default 0, content jsonb,
    sha256 text not null default '', replaces text not null default '', reached text[] not null default '{}',
    reason text not null default '', made_by text not null default '', made_on date);
create index if not exists statistics_pack_of on statistics_pack (pack_id, version);
create table if not exists entry_cohort (
    cohort_id uuid primary key, township text collate "C" not null default '', school text collate "C" not null default '',
    entered integer not null default 0, pupils integer not null default 0, paper text not null default '',
    stated_by text not null default '', stated_on date);
create table if not exists late_reply (
    late_reply_id uuid primary key, matter text collate "C" not null default '', about uuid not null,
    number integer not null default 0, owed_by text collate "C" not null default '',
    township text collate "C" not null default '', case_id uuid, due_on date, up_to text collate "C" not null default '',
    noted_on date, settled_on date);
create index if not exists late_reply_by_township on late_reply (township, late_reply_id);
create index if not exists late_reply_of on late_reply (about);
-- Whatever was owed, a row each, and when each of it became known (duties.py). `owed_by` may be a kind of unit; `unit` is the unit.
create table if not exists duty (
    duty_id uuid primary key, about uuid not null, number integer not null, matter text collate "C" not null,
    step text not null default '', level text not null default '', owed_by text collate "C" not null default '',
    officer text collate "C" not null default '', owed_to text collate "C" not null default '',
    township text collate "C" not null default '', school text collate "C" not null default '',
    follows_child boolean not null default false, child_id uuid, case_id uuid,
    rule text not null default '', legal_basis text not null default '',
    since_on date not null, since_at timestamptz not null, terms jsonb not null default '[]', due_on date,
    outcome text collate "C" not null default '', ended_on date, ended_at timestamptz, ended_by text not null default '',
    ended_for text not null default '', ended_type text not null default '', waiting uuid[] not null default '{}',
    changed_at timestamptz not null,
    unit text collate "C" generated always as (case when position(':' in owed_by) > 0 or township = '' then owed_by
        when owed_by = 'township' then 'township:' || township else owed_by || ':' || left(township, 6) end) stored);
create index if not exists duty_about on duty (about, number);
create index if not exists duty_by_day on duty (since_on, duty_id);
create index if not exists duty_by_township on duty (township, since_on, duty_id);
create index if not exists duty_of_unit on duty (unit, since_on, duty_id);
create index if not exists duty_by_child on duty (child_id) where child_id is not null;
create index if not exists duty_by_case on duty (case_id) where case_id is not null;
create table if not exists register_batch (
    batch_id uuid primary key, township text collate "C" not null default '', register text not null default '',
    rows integer not null default 0, rejected integer not null default 0, sha256 text not null default '',
    loaded_at timestamptz, part text collate "C" not null default '');
alter table register_batch add column if not exists part text collate "C" not null default '';
create table if not exists delivery (
    delivery_id uuid primary key, township text collate "C" not null default '', unit text collate "C" not null default '',
    part text collate "C" not null default '', files integer not null default 0, state text collate "C" not null default '',
    rows integer not null default 0, rejected integer not null default 0, children_new integer not null default 0,
    children_changed integer not null default 0, children_missed integer not null default 0,
    findings_raised integer not null default 0, findings_resolved integer not null default 0,
    doubts integer not null default 0, reason text not null default '', handed_in_on date, ended_on date);
create index if not exists delivery_by_day on delivery (handed_in_on, delivery_id);
create index if not exists delivery_by_unit on delivery (unit);
create table if not exists column_mapping (
    mapping_id uuid primary key, township text collate "C" not null default '', register text collate "C" not null default '',
    unit text collate "C" not null default '', columns jsonb not null default '[]', saved_at timestamptz,
    saved_by text not null default '');
create table if not exists transfer (
    transfer_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    from_school text not null default '', to_place text not null default '', to_school text not null default '',
    opened_on date, due_on date, completed_on date);
create index if not exists transfer_by_child on transfer (child_id);
create table if not exists placement (
    placement_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    form text not null default '', school text not null default '', decided_on date);
alter table placement add column if not exists end_reason text not null default '';
alter table placement add column if not exists ended_on date;
alter table placement add column if not exists first_visit_by date, add column if not exists begun_on date;
create index if not exists placement_by_child on placement (child_id);
create table if not exists check_in (
    check_in_id uuid primary key, township text collate "C" not null default '', school text collate "C" not null default '',
    term text not null default '', expected integer not null default 0, present integer not null default 0,
    absent integer not null default 0, closed_on date, due_on date);
alter table check_in add column if not exists due_on date;
create index if not exists check_in_by_school on check_in (school, check_in_id);
create table if not exists absence (
    absence_id uuid primary key, check_in_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', school text collate "C" not null default '',
    term text not null default '', missed_on date, reason text not null default '',
    late boolean not null default false, verified_on date);
create index if not exists absence_by_child on absence (child_id);
create index if not exists absence_by_check_in on absence (check_in_id);
create table if not exists deferral (
    deferral_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    kind text not null default '', proof text not null default '', from_on date, until_on date, approved_on date,
    end_reason text not null default '', ended_on date);
create index if not exists deferral_by_child on deferral (child_id);
create table if not exists schooling_elsewhere (
    proof_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    term text not null default '', place text not null default '', school_name text not null default '',
    proof text not null default '', proved_on date);
create index if not exists schooling_elsewhere_by_child on schooling_elsewhere (child_id);

create table if not exists letter_run (
    run_id uuid primary key, kind text not null default '', school_year text not null default '', serve_by date,
    legal_basis text not null default '', expected integer not null default 0, opened_on date, closed_on date);
create table if not exists guardian_letter (
    letter_id uuid primary key, run_id uuid not null, child_id uuid not null, township text collate "C" not null default '',
    kind text not null default '', school_year text not null default '', code text collate "C" not null default '',
    legal_basis text not null default '', serve_by date, made_on date, state text not null default 'out',
    method text not null default '', receipt text not null default '', scan_id uuid, served_on date,
    served_by text not null default '', served_for text not null default '', late boolean not null default false,
    withdrawn_on date, withdrawn_reason text not null default '');
create index if not exists guardian_letter_by_child on guardian_letter (child_id);
create index if not exists guardian_letter_by_code on guardian_letter (code);
create index if not exists guardian_letter_by_run on guardian_letter (run_id, township, letter_id);

create table if not exists field_check (
    field_check_id uuid primary key, township text collate "C" not null default '',
    village text collate "C" not null default '', round text collate "C" not null default '',
    children integer not null default 0, answered uuid[] not null default '{}', conflicts uuid[] not null default '{}',
    met integer not null default 0, opened_on date, due_on date, answered_on date);
alter table field_check add column if not exists reminded_on date, add column if not exists escalated_on date;
create index if not exists field_check_by_township on field_check (township, field_check_id);
create index if not exists field_check_by_village on field_check (village, field_check_id);
create table if not exists field_check_answer (
    answer_id uuid primary key, field_check_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', round text collate "C" not null default '',
    found text collate "C" not null default '', conflict boolean not null default false, answered_on date,
    settled_reason text not null default '', settled_on date);
alter table field_check_answer add column if not exists before text collate "C" not null default '';
create index if not exists field_check_answer_of on field_check_answer (field_check_id, answer_id);
create index if not exists field_check_answer_by_child on field_check_answer (child_id);
create table if not exists submission (
    submission_id uuid primary key, township text collate "C" not null default '',
    round text collate "C" not null default '', version integer not null default 0, villages integer not null default 0,
    children integer not null default 0, unanswered integer not null default 0, met integer not null default 0,
    sha256 text not null default '', state text collate "C" not null default '', reason text not null default '',
    made_by text not null default '', made_on date, decided_by text not null default '', decided_on date);
alter table submission add column if not exists delivery_id uuid;
create index if not exists submission_by_township on submission (township, submission_id);

create table if not exists eligibility (
    eligibility_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    category text not null default '', ground text not null default '', from_on date, until_on date);
alter table eligibility add column if not exists spans jsonb not null default '[]';
create index if not exists eligibility_by_child on eligibility (child_id);
create table if not exists student_plan (
    plan_id uuid primary key, child_id uuid not null, case_id uuid, township text collate "C" not null default '',
    opened_on date, review_on date);
alter table student_plan
    add column if not exists reviewed_on date, add column if not exists ended_on date,
    add column if not exists resolution text not null default '';
create index if not exists student_plan_by_child on student_plan (child_id);
create table if not exists measure (
    measure_id uuid primary key, plan_id uuid not null, child_id uuid not null,
    township text collate "C" not null default '', measure text not null default '', owner text not null default '',
    due_on date, evidence text not null default '', done_on date);
alter table measure
    add column if not exists declined_on date, add column if not exists declined_for text not null default '';
create index if not exists measure_by_plan on measure (plan_id);
create index if not exists measure_by_child on measure (child_id);
create table if not exists household_plan (
    plan_id uuid primary key, household_id uuid not null, township text collate "C" not null default '', opened_on date);
alter table household_plan
    add column if not exists children uuid[] not null default '{}', add column if not exists review_on date,
    add column if not exists reviewed_on date;
create index if not exists household_plan_by_household on household_plan (household_id);
create table if not exists award (
    award_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    programme text not null default '', term text not null default '', amount_fen bigint not null default 0,
    category text not null default '', legal_basis text not null default '', granted_on date,
    paid_fen bigint not null default 0, state text not null default '');
alter table award add column if not exists list_id uuid;
alter table award
    add column if not exists standing uuid, add column if not exists set_aside_on date,
    add column if not exists excludes text[] not null default '{}';
create index if not exists award_by_child on award (child_id);
create index if not exists award_by_term on award (term, programme);
create table if not exists payment_list (
    list_id uuid primary key, township text collate "C" not null default '', programme text not null default '',
    term text not null default '', school text not null default '', lines integer not null default 0,
    total_fen bigint not null default 0, state text collate "C" not null default '', made_by text not null default '',
    made_on date, sha256 text not null default '', approved_by text not null default '', approved_on date,
    withdrawn_on date);
create index if not exists payment_list_by_township on payment_list (township, list_id);
create table if not exists recognition_run (
    run_id uuid primary key, programme text not null default '', term text not null default '',
    township text collate "C" not null default '', pupils integer not null default 0, through integer not null default 0,
    granted integer not null default 0, granted_fen bigint not null default 0, state text collate "C" not null default '',
    opened_by text not null default '', opened_on date, ended_on date);
create table if not exists payment (
    payment_id uuid primary key, child_id uuid not null, township text collate "C" not null default '', award_id uuid,
    list_id uuid, paid_fen bigint not null default 0, listed_on date, unlisted_on date, paid_on date, refused_on date,
    returned_on date);
create index if not exists payment_by_child on payment (child_id);
create index if not exists payment_by_award on payment (award_id);
create index if not exists payment_by_list on payment (list_id);
create table if not exists payment_refusal (
    refusal_id uuid primary key, child_id uuid not null, township text collate "C" not null default '', award_id uuid,
    list_id uuid, owner text collate "C" not null default '', reason text not null default '', raised_on date,
    due_on date, ending text not null default '', answer text not null default '', closed_on date);
create index if not exists payment_refusal_by_child on payment_refusal (child_id);
create index if not exists payment_refusal_by_township on payment_refusal (township, refusal_id);
create table if not exists aid_question (
    question_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    kind text not null default '', programme text not null default '', term text not null default '', award_id uuid,
    owner text collate "C" not null default '', asked_on date, due_on date, answer text not null default '', answered_on date);
create index if not exists aid_question_by_child on aid_question (child_id);
create index if not exists aid_question_by_township on aid_question (township, question_id);
create table if not exists learning_support (
    support_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    needs text[] not null default '{}', helper text not null default '', begun_on date, review_on date,
    outcome text not null default '');
alter table learning_support
    add column if not exists sessions integer not null default 0, add column if not exists last_session_on date,
    add column if not exists progress text not null default '';
create index if not exists learning_support_by_child on learning_support (child_id);
create table if not exists home_teaching (
    teaching_id uuid primary key, child_id uuid not null, township text collate "C" not null default '',
    school_year text not null default '', hours_so_far integer not null default 0, last_given_on date);
create index if not exists home_teaching_by_child on home_teaching (child_id);

create table if not exists notice (
    notice_id uuid primary key, about uuid not null, case_id uuid, recipient text collate "C" not null default '',
    area text not null default '', township text collate "C" not null default '', reason text not null default '',
    text text not null default '', reply_by date, state text collate "C" not null default '',
    channel text not null default '', raised_at timestamptz, delivered_at timestamptz,
    acknowledged_by text not null default '', escalated_to text not null default '');
create index if not exists notice_by_recipient on notice (recipient, notice_id);
create index if not exists notice_by_township on notice (township, notice_id);
-- What left the house by which way 外发记录, and how units are reached there 联系方式: of an address a hint, never more.
create table if not exists message (
    message_id uuid primary key, unit text collate "C" not null default '', township text collate "C" not null default '',
    channel text collate "C" not null default '', hint text not null default '', notice_ids uuid[] not null default '{}',
    state text collate "C" not null default '', failure text not null default '', reference text not null default '',
    tries integer not null default 0, begun_at timestamptz, settled_at timestamptz, again_at timestamptz);
create index if not exists message_by_unit on message (unit, begun_at, message_id);
create index if not exists message_by_township on message (township, begun_at, message_id);
create table if not exists contact_address (
    entry_id uuid primary key, unit text collate "C" not null default '', channel text collate "C" not null default '',
    hint text not null default '', holder text not null default '', suspended text not null default '', set_at timestamptz);
alter table contact_address
    add column if not exists account text collate "C" not null default '', add column if not exists matters text[] not null default '{}';
create index if not exists contact_address_by_unit on contact_address (unit, entry_id);
create table if not exists contact (
    contact_id uuid primary key, unit text collate "C" not null default '', quiet_from text not null default '',
    quiet_until text not null default '', working_days boolean not null default false, digest_at text not null default '',
    absent_from date, absent_until date);
alter table contact add column if not exists account text collate "C" not null default '';
create index if not exists contact_by_unit on contact (unit);

-- The supervisor's copy of what was published, sealed as published; and every look anybody took.
create table if not exists journal (
    producer text not null, position bigint not null, event_id uuid not null, type text not null,
    aggregate_id uuid not null, version integer not null, stored_topic text not null, recorded_at timestamptz not null,
    actor text not null, department text not null, purpose text not null, command_id uuid not null,
    correlation_id uuid not null, causation_id uuid, trace text not null default '', child_id uuid, case_id uuid,
    body jsonb not null, primary key (producer, position));
create index if not exists journal_by_child on journal (child_id, recorded_at) where child_id is not null;
create index if not exists journal_by_case on journal (case_id, recorded_at) where case_id is not null;
create index if not exists journal_by_time on journal (recorded_at);
-- What a replay looks up besides (supervision/journal.py).
create index if not exists journal_of_merges on journal (((body ->> 'merged_id')::uuid))
    where type in ('roster.children-merged.v1', 'roster.children-unmerged.v1');
create index if not exists journal_of_household on journal ((body ->> 'household_id')) where body ->> 'household_id' is not null;
create index if not exists journal_of_posts on journal (producer, position)
    where type in ('cases.post-filled.v1', 'cases.post-handed-over.v1', 'cases.post-deputised.v1');
create index if not exists journal_of_informants on journal (aggregate_id) where type = 'cases.public-report-informant-named.v1';
create table if not exists receipt (
    receipt_id uuid primary key, at timestamptz not null, actor text not null, department text not null,
    purpose text not null, operation text not null default '', document_hash text not null default '',
    decision text not null check (decision in ('answered', 'refused', 'denied')),
    child_ids uuid[] not null default '{}', rows integer not null default 0, fields text[] not null default '{}',
    policy_version text not null default '', positions jsonb not null default '{}');
alter table receipt add column if not exists about uuid;
create index if not exists receipt_about on receipt (about) where about is not null;
create index if not exists receipt_by_child on receipt using gin (child_ids);
create index if not exists receipt_by_time on receipt (at);
create index if not exists receipt_of_department on receipt (department, at);
create index if not exists receipt_of_actor on receipt (actor, at);
drop index if exists receipt_of_export, receipt_of_file;  -- they knew fewer kinds of file
create index if not exists receipt_of_content on receipt (document_hash) where operation in
    ('export_ledger', 'print_partition', 'export_field_check', 'print_submission', 'export_rejects', 'export_list');

-- What access rests on beyond the policy table 凭据: a head's approval of a purpose, a guardian's consent, a supervision
-- order, break-glass. Given, ended and reviewed, each once and for good. `actor` is empty where any officer of the unit may.
create table if not exists warrant (
    warrant_id uuid primary key, kind text collate "C" not null check (kind in ('approval', 'consent', 'order', 'emergency')),
    unit text collate "C" not null, actor text collate "C" not null default '', purpose text collate "C" not null,
    child_id uuid, township text collate "C" not null default '',
    from_at timestamptz not null, until_at timestamptz not null, paper text not null default '',
    reason text not null default '', given_by text not null, given_for text not null, given_at timestamptz not null);
create index if not exists warrant_of on warrant (unit, purpose, kind, until_at);
create index if not exists warrant_by_child on warrant (child_id) where child_id is not null;
create table if not exists warrant_end (
    warrant_id uuid primary key references warrant, ended_at timestamptz not null, ended_by text not null,
    ended_for text not null, end_reason text not null default '');
create table if not exists warrant_review (
    warrant_id uuid primary key references warrant, reviewed_at timestamptz not null, reviewed_by text not null,
    reviewed_for text not null, justified boolean not null, remark text not null default '');
-- What a warrant of kind `consent` rests on 同意登记 (access/consents.py): who said so, when and how, and which fields it is about. A
-- consent without its line here opens nothing.
create table if not exists consent (
    warrant_id uuid primary key references warrant, child_id uuid not null, given_by text collate "C" not null,
    own_view text collate "C" not null check (own_view in ('', 'agrees')), form text collate "C" not null check (form in ('paper', 'spoken')),
    scan_id uuid, witness text not null default '', fields text[] not null, stated_on date not null,
    registered_at timestamptz not null);
create table if not exists consent_withdrawal (
    warrant_id uuid primary key references consent, withdrawn_by text collate "C" not null, form text collate "C" not null,
    stated_on date not null, registered_at timestamptz not null);
-- How often yes-or-no questions were asked on a day 是非核验: by a unit, by an officer, about a child. Never what was asked.
create table if not exists predicate_use (
    day date not null, scope text collate "C" not null, used integer not null default 0,
    unknown integer not null default 0, primary key (day, scope));
-- Which policy was released when, by whom 授权日志 (access/policy_log.py): each entry as it was signed, and the texts by hash.
create table if not exists policy_log (
    position bigint primary key check (position > 0), body bytea not null, signature bytea not null);
create table if not exists policy_text (sha256 text collate "C" primary key, text text not null);
-- Which version of each file of rules and of aid programmes was in force from when 规则与资助标准版本, and what became of which key 密钥
-- 生命周期: each noted once, when a program begins with it (in_force.py).
create table if not exists rule_version (
    version_id uuid primary key, kind text collate "C" not null check (kind in ('rules', 'programmes')),
    name text collate "C" not null, sha256 text collate "C" not null, holds_from date[] not null, text text not null,
    noted_at timestamptz not null);
create index if not exists rule_version_of on rule_version (name, noted_at);
create table if not exists key_life (
    life_id uuid primary key, kind text collate "C" not null check (kind in ('kek', 'log', 'bundles', 'witness')),
    name text collate "C" not null, key text collate "C" not null, became text collate "C" not null check (became in ('used', 'retired')),
    at timestamptz not null, noted_at timestamptz not null);
-- That these databases were taken back to an earlier moment 数据恢复, and how many keys of the erased came back with it and were destroyed again.
create table if not exists restoration (
    restoration_id uuid primary key, at timestamptz not null, erasures integer not null, keys_back integer not null);
-- What supervision was told of a year's use of minors' data 合规审计报告, as it was made of the logs (supervision/audit.py): the same bytes
-- whenever it is made again.
create table if not exists audit_report (
    report_id uuid primary key, from_on date not null, until_on date not null, sha256 text collate "C" not null,
    body text not null, made_at timestamptz not null, made_by text not null, made_for text collate "C" not null);
create table if not exists tracking (name text primary key, position bigint not null);

create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: what was recorded stays', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create or replace trigger journal_is_append_only before update or delete or truncate on journal
    for each statement execute function refuse_change();
create or replace trigger warrant_is_append_only before update or delete or truncate on warrant
    for each statement execute function refuse_change();
create or replace trigger warrant_end_is_append_only before update or delete or truncate on warrant_end
    for each statement execute function refuse_change();
create or replace trigger warrant_review_is_append_only before update or delete or truncate on warrant_review
    for each statement execute function refuse_change();
create or replace trigger consent_is_append_only before update or delete or truncate on consent
    for each statement execute function refuse_change();
create or replace trigger consent_withdrawal_is_append_only before update or delete or truncate on consent_withdrawal
    for each statement execute function refuse_change();
create or replace trigger policy_log_is_append_only before update or delete or truncate on policy_log
    for each statement execute function refuse_change();
create or replace trigger policy_text_is_append_only before update or delete or truncate on policy_text
    for each statement execute function refuse_change();
create or replace trigger rule_version_is_append_only before update or delete or truncate on rule_version
    for each statement execute function refuse_change();
create or replace trigger key_life_is_append_only before update or delete or truncate on key_life
    for each statement execute function refuse_change();
create or replace trigger restoration_is_append_only before update or delete or truncate on restoration
    for each statement execute function refuse_change();
create or replace trigger audit_report_is_append_only before update or delete or truncate on audit_report
    for each statement execute function refuse_change();
create or replace trigger receipt_is_append_only before update or delete or truncate on receipt
    for each statement execute function refuse_change();

-- The children a caller reaches one by one, each a list that a policy asks for only where its claim is set. They are functions so
-- that a statement doesn't carry their plans with every table in it, which costs more than it takes to find a row; and in
-- plpgsql, because PostgreSQL would take the text of one in SQL into the statement. They read with the rights, and behind the
-- row security, of whoever asks. A rebuild changes the tables they name, by which they are found, and not themselves.
-- Claims are read once and stand in variables: in a statement they would be asked for with every row.
-- What is parked may have ended a case or a referral, and nobody knows yet: nothing lasts longer for that.
create or replace function public.is_parked(about uuid) returns boolean
    language plpgsql stable parallel safe as $$
begin
    return exists (select from public.parked p where p.reader = 'gateway' and p.key = about and p.state = 'parked');
end $$;
create or replace function public.children_asked_of_me() returns setof uuid
    language plpgsql stable parallel safe rows 100 as $$
declare
    my_kind constant text collate "C" := nullif(current_setting('app.kind', true), '');
    low constant text collate "C" := nullif(current_setting('app.area', true), '');
    high constant text collate "C" := low || '~';
    my_unit constant text := nullif(current_setting('app.unit', true), '');
    since constant date := nullif(current_setting('app.since', true), '')::date;
begin
    return query
        select r.child_id from public.referral r where r.to_unit = my_kind and r.township >= low and r.township < high
            and r.state in ('opened', 'accepted')
            and not exists (select from public.parked p where p.reader = 'gateway' and p.key = r.referral_id and p.state = 'parked')
        union all select r.child_id from public.referral r where r.to_unit = my_kind and r.township >= low and r.township < high
            and r.state = 'answered' and r.answered_on >= since
            and not exists (select from public.parked p where p.reader = 'gateway' and p.key = r.referral_id and p.state = 'parked')
        union all select f.child_id from public.finding f where my_kind is not null and f.owner = my_unit and f.resolved_on is null
            and not exists (select from public.parked p where p.reader = 'gateway' and p.key = f.child_id and p.state = 'parked');
end $$;
create or replace function public.children_by_warrant() returns setof uuid
    language plpgsql stable parallel safe rows 100 as $$
begin
    return query
        select w.child_id from public.warrant w where w.kind = current_setting('app.warrant', true)
            and w.unit = current_setting('app.unit', true) and w.purpose = current_setting('app.purpose', true)
            and w.actor in ('', current_setting('app.actor', true))
            and w.from_at <= nullif(current_setting('app.at', true), '')::timestamptz
            and w.until_at > nullif(current_setting('app.at', true), '')::timestamptz
            and (w.kind <> 'consent' or exists (select from public.consent c where c.warrant_id = w.warrant_id))
            and not exists (select from public.warrant_end e where e.warrant_id = w.warrant_id);
end $$;
-- The fields a child's guardian agreed to for whoever asks 同意字段; null where it is not by consent that a child is reached.
create or replace function public.fields_consented(child uuid) returns text[]
    language plpgsql stable parallel safe as $$
begin
    if current_setting('app.warrant', true) is distinct from 'consent' then
        return null;
    end if;
    return coalesce((select array_agg(distinct field) from public.warrant w join public.consent c using (warrant_id)
        cross join unnest(c.fields) as field
        where w.child_id = child and w.kind = 'consent' and w.unit = current_setting('app.unit', true)
            and w.purpose = current_setting('app.purpose', true)
            and w.from_at <= nullif(current_setting('app.at', true), '')::timestamptz
            and w.until_at > nullif(current_setting('app.at', true), '')::timestamptz
            and not exists (select from public.warrant_end e where e.warrant_id = w.warrant_id)), '{}');
end $$;

-- Row security. `reader` policies say which rows the claims of the session open; nobody else has a policy but the writer.
do $$
declare
    name text;
    within constant text := $q$township >= current_setting('app.lo', true) and township < current_setting('app.hi', true)$q$;
    no_range constant text := $q$coalesce(current_setting('app.lo', true), '') = ''$q$;
    own_village constant text := $q$village = nullif(current_setting('app.village', true), '')$q$;
    own_school constant text := $q$school = nullif(current_setting('app.school', true), '')$q$;
    own_unit constant text := $q$nullif(current_setting('app.unit', true), '')$q$;
    -- A referral names a kind of department; the county it lies in says which unit of that kind is asked.
    to_me constant text := $q$to_unit = nullif(current_setting('app.kind', true), '')
        and starts_with(township, nullif(current_setting('app.area', true), ''))$q$;
    -- Whoever reaches a child by its village or school sees who answers for it, whatever place that post is held for.
    of_my_children constant text := $q$exists (select from child s where post_tenure.village <> '' and s.village = post_tenure.village
        or post_tenure.school <> '' and s.school = post_tenure.school or post_tenure.village = '' and post_tenure.school = ''
        and s.township = post_tenure.township)$q$;
    -- A finding names the unit that owes the answer; while it is open that unit sees it.
    owed_by_me constant text := $q$coalesce(current_setting('app.kind', true), '') <> ''
        and owner = nullif(current_setting('app.unit', true), '') and resolved_on is null$q$;
    shared constant text := $q$coalesce(current_setting('app.kind', true), '') <> ''
        and child_id in (select public.children_asked_of_me())$q$;
    within_open constant text := replace(replace(within, 'app.lo', 'app.open_lo'), 'app.hi', 'app.open_hi');
    warranted constant text := $q$coalesce(current_setting('app.warrant', true), '') <> ''
        and child_id in (select public.children_by_warrant())$q$;
    about constant text := $q$coalesce(current_setting('app.child', true), '') = ''
        or nullif(current_setting('app.child', true), '')::uuid in (%s)$q$;
    opens text;
begin
    foreach name in array array[
        'township', 'village', 'child', 'child_identity', 'partition_count', 'child_move', 'child_births', 'case_span', 'finding', 'case_file', 'case_step', 'document', 'referral',
        'responsibility', 'post_tenure', 'public_report', 'register_batch', 'transfer', 'placement', 'check_in', 'eligibility',
        'student_plan', 'measure', 'household_plan', 'award', 'payment', 'payment_list', 'recognition_run', 'payment_refusal', 'aid_question', 'learning_support', 'home_teaching', 'notice', 'message', 'contact_address', 'contact', 'journal',
        'receipt', 'tracking', 'doubt', 'doubt_row', 'doubt_step', 'child_rows', 'merge_step', 'four_checks', 'absence', 'deferral', 'schooling_elsewhere', 'letter_run', 'guardian_letter', 'field_check', 'field_check_answer',
        'submission', 'delivery', 'column_mapping', 'visit', 'visit_words', 'step_words', 'report_words', 'attachment', 'visit_plan', 'persuasion_list', 'statement', 'inspection',
        'inspection_finding', 'admonition', 'accountability', 'zero_report', 'assistance_letter', 'proceedings', 'procuratorate_notice',
        'data_request', 'late_reply', 'duty', 'county_report', 'disclosure', 'statistics_pack', 'entry_cohort', 'warrant', 'warrant_end',
        'warrant_review', 'consent', 'consent_withdrawal', 'rule_version', 'key_life', 'restoration', 'audit_report', 'predicate_use']
    loop
        opens := case
            when name in ('township', 'village', 'tracking', 'letter_run', 'rule_version', 'key_life', 'restoration') then 'true'
            when name = 'child' then
                format('(%s) or %s or %s or (%s) or (%s and open_case_id is not null and not public.is_parked(open_case_id)) or (%s)',
                    within, own_village, own_school, shared, within_open, warranted)
            when name = 'case_file' then
                format('(%s) or %s or %s or (%s) or (%s and exists (select from child c'
                    || ' where c.open_case_id = case_file.case_id)) or (%s)',
                    within, own_village, own_school, shared, within_open, warranted)
            when name = 'finding' then
                format('(%s) or %s or %s or (%s) or (%s)', within, own_village, own_school, owed_by_me, warranted)
            -- Whoever reaches one of two entries sees that they are doubted, and the other entry by its own rules.
            when name in ('doubt', 'doubt_step') then format('(%s) or (%s)', within, replace(within, 'township', 'other_township'))
            when name = 'referral' then format('(%s) or (%s)', within, to_me)
            when name = 'predicate_use' then 'false'
            -- Numbers of a whole place tell nothing to whom one child's rows are open.
            when name = 'partition_count' then
                format($q$(%s) and coalesce(current_setting('app.child', true), '') = ''$q$, within)
            -- Who gave a warrant sees it too: a school takes back what it took in.
            when name = 'warrant' then format('(%s) or unit = %s or given_for = %s', within, own_unit, own_unit)
            when name in ('warrant_end', 'warrant_review', 'consent', 'consent_withdrawal') then
                format('exists (select from warrant w where w.warrant_id = %I.warrant_id)', name)
            when name = 'notice' then format('(%s) or recipient = %s', within, own_unit)
            when name = 'message' then format('(%s) or unit = %s', within, own_unit)
            when name in ('contact_address', 'contact') then format('unit = %s', own_unit)
            when name in ('journal', 'child_move', 'child_births', 'case_span') then
                $q$current_setting('app.journal', true) = 'on'$q$
            -- Whoever sees the looks of its area one by one sees what was counted of them.
            when name = 'audit_report' then $q$current_setting('app.receipts', true) = 'on'
                and coalesce(current_setting('app.child', true), '') = ''$q$
            when name = 'receipt' then $q$current_setting('app.receipts', true) = 'on'
                and (nullif(current_setting('app.child', true), '') is null
                    or child_ids @> array[nullif(current_setting('app.child', true), '')::uuid])$q$
            -- Whoever shows the number on the receipt of a report of the public, or the hash of its secret, sees that one. A
            -- supervision order opens the reports that led to the case of the child it names.
            when name = 'public_report' then format('(%s) or nullif(current_setting(''app.report'', true), '''')'
                || ' in (receipt_number, follow_up) or (current_setting(''app.warrant'', true) = ''order'' and exists (select'
                || ' from case_file f where f.case_id = public_report.case_id and (%s)))', within, warranted)
            -- A unit sees what it owes, whatever became of the child since.
            when name = 'duty' then format('(%s) or unit = %s or (%s)', within, own_unit, warranted)
            when name in ('report_words', 'payment_list', 'recognition_run', 'submission', 'persuasion_list', 'statement', 'four_checks', 'county_report', 'statistics_pack', 'entry_cohort') then within
            when name = 'disclosure' then format('(%s) or number > 0', within)
            when name = 'procuratorate_notice' then format('(%s) or sender = %s', within, own_unit)
            when name = 'field_check' then format('(%s) or %s', within, own_village)
            when name = 'post_tenure' then format('(%s) or %s or %s or (%s and %s)',
                within, own_village, own_school, no_range, of_my_children)
            when name in ('delivery', 'column_mapping', 'inspection', 'admonition', 'accountability', 'zero_report') then
                format('(%s) or unit = %s', within, own_unit)
            when name in ('inspection_finding', 'late_reply', 'data_request') then format('(%s) or owed_by = %s', within, own_unit)
            -- A register of the whole county is what everybody's ledger rests on; there is nobody in it but counts.
            when name = 'register_batch' then format('(%s) or (township = '''' and %s <> '''')', within, own_unit)
            when name = 'check_in' then format('(%s) or %s', within, own_school)
            when name = 'household_plan' then format(
                '(%s) or (%s and exists (select from child c where c.household_id = household_plan.household_id))',
                within, no_range)
            -- What belongs to a child follows it: by its own township for an area, by its child for everybody else.
            else format('(%s) or (%s and exists (select from child c where c.child_id = %I.child_id))',
                within, no_range, name)
        end;
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('drop policy if exists reader on %I', name);
        execute format('drop policy if exists writer on %I', name);
        execute format('create policy reader on %I for select to gateway_reader using (%s)', name, opens);
        execute format('drop policy if exists about on %I', name);
        if exists (select from information_schema.columns c where c.table_schema = current_schema()
                and c.table_name = name and c.column_name = 'child_id') and name <> 'journal' then
            execute format('create policy about on %I as restrictive for select to gateway_reader using (%s)', name,
                format(about, case when name in ('doubt', 'doubt_step') then 'child_id, other_id' else 'child_id' end));
        end if;
        execute format('create policy writer on %I for all to gateway_writer using (true) with check (true)', name);
        execute format('grant select on %I to gateway_reader', name);
        if name in ('journal', 'receipt', 'warrant', 'warrant_end', 'warrant_review', 'consent', 'consent_withdrawal',
                'rule_version', 'key_life', 'restoration', 'audit_report') then
            execute format('grant select, insert on %I to gateway_writer', name);
        else
            execute format('grant select, insert, update, delete, truncate on %I to gateway_writer', name);
        end if;
    end loop;
end $$;
drop policy if exists owner on township;
create policy owner on township for all to gateway_owner using (true) with check (true);
drop policy if exists owner on village;
create policy owner on village for all to gateway_owner using (true) with check (true);
-- Everybody may know which policy was released; nobody who runs as writer or reader releases one.
do $$
declare name text;
begin
    foreach name in array array['policy_log', 'policy_text'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('drop policy if exists reader on %I', name);
        execute format('drop policy if exists owner on %I', name);
        execute format('create policy reader on %I for select to gateway_reader using (true)', name);
        execute format('create policy owner on %I for all to gateway_owner using (true) with check (true)', name);
        execute format('grant select on %I to gateway_reader', name);
    end loop;
end $$;
