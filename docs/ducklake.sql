-- Loads an export of events into a DuckLake, exactly once. Run it as
--   gh pmu cache export --events --all-repos --format ndjson | duckdb -bail -init attach.sql -f ducklake.sql
-- where attach.sql attaches the lake as `lake`. Rows and checkpoints are one transaction, and one snapshot of the lake.
CREATE TABLE IF NOT EXISTS lake.events (
  id VARCHAR, repo VARCHAR, seq BIGINT, event VARCHAR, kind VARCHAR, number BIGINT, title VARCHAR, changed_at TIMESTAMP,
  synced_at TIMESTAMP, source VARCHAR, manifest VARCHAR, git_commit VARCHAR, baseline BOOLEAN, published BOOLEAN,
  tracker_title VARCHAR, tracker_state VARCHAR, tracker_created_at TIMESTAMP, tracker_closed_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS lake.checkpoints (
  repo VARCHAR, seq BIGINT, id VARCHAR, history_hash VARCHAR, state_hash VARCHAR);

CREATE TEMP TABLE lines AS FROM read_ndjson('/dev/stdin', columns = {
  id: 'VARCHAR', repo: 'VARCHAR', seq: 'BIGINT', event: 'VARCHAR', kind: 'VARCHAR', number: 'BIGINT', title: 'VARCHAR',
  "changedAt": 'TIMESTAMP', "syncedAt": 'TIMESTAMP', source: 'VARCHAR', manifest: 'VARCHAR', "commit": 'VARCHAR',
  baseline: 'BOOLEAN', published: 'BOOLEAN',
  tracker: 'STRUCT(title VARCHAR, state VARCHAR, "createdAt" TIMESTAMP, "closedAt" TIMESTAMP)',
  checkpoint: 'STRUCT(repo VARCHAR, seq BIGINT, id VARCHAR, "historyHash" VARCHAR, "stateHash" VARCHAR)'});

BEGIN;
-- A repository without its last line was cut; what follows an event that is not stored leaves a gap; other events under the same
-- numbers are another history.
CREATE TEMP TABLE whole AS SELECT CASE
  WHEN EXISTS (FROM lines l WHERE l.repo IS NOT NULL AND l.repo NOT IN (SELECT checkpoint.repo FROM lines WHERE checkpoint IS NOT NULL))
    THEN error('the export is not whole: nothing was loaded')
  WHEN EXISTS (FROM (SELECT repo, min(seq) AS first FROM lines WHERE published AND NOT baseline GROUP BY repo) l
      WHERE first > 1 AND l.repo NOT IN (SELECT repo FROM lines WHERE baseline)
        AND NOT EXISTS (FROM lake.checkpoints c WHERE c.repo = l.repo AND c.seq >= first - 1))
    THEN error('what comes before these events is not stored: nothing was loaded, export all of them again')
  WHEN EXISTS (FROM lines l JOIN lake.events e ON e.repo = l.repo AND e.seq = l.seq AND e.published AND l.published WHERE e.id <> l.id)
    THEN error('another history is stored under the same numbers: nothing was loaded')
  ELSE 'whole' END AS answer;
MERGE INTO lake.events e
  USING (FROM lines WHERE id IS NOT NULL AND (SELECT answer FROM whole) = 'whole') l ON e.id = l.id
  WHEN NOT MATCHED THEN INSERT VALUES (l.id, l.repo, l.seq, l.event, l.kind, l.number, l.title, l."changedAt",
    l."syncedAt", l.source, l.manifest, l."commit", l.baseline, l.published,
    l.tracker.title, l.tracker.state, l.tracker."createdAt", l.tracker."closedAt");
MERGE INTO lake.checkpoints c
  USING (SELECT unnest(checkpoint) FROM lines WHERE checkpoint IS NOT NULL AND (SELECT answer FROM whole) = 'whole') l
  ON c.repo = l.repo
  WHEN MATCHED AND l.seq > c.seq THEN UPDATE SET seq = l.seq, id = l.id, history_hash = l."historyHash", state_hash = l."stateHash"
  WHEN NOT MATCHED THEN INSERT VALUES (l.repo, l.seq, l.id, l."historyHash", l."stateHash");
COMMIT;
