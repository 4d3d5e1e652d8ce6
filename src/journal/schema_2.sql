-- What Matrix needs since format 2: where its rooms were read to, and what could not be read yet.
-- `turn` keeps the order in which events came; 0 where it does not matter.
ALTER TABLE handled ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX handled_unfinished ON handled (platform, turn) WHERE done = 0;
-- The last event known of each conversation: where a gap in what came begins.
CREATE TABLE latest (
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (platform, conversation)
) WITHOUT ROWID;
-- Events whose key is awaited.
CREATE TABLE unreadable (
    platform TEXT NOT NULL,
    event TEXT NOT NULL,
    conversation TEXT NOT NULL,
    session TEXT NOT NULL,
    direct INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (platform, event)
) WITHOUT ROWID;
CREATE INDEX unreadable_by_session ON unreadable (platform, conversation, session);
-- Who was told that their messages cannot be read, once in each conversation. `member` is a keyed hash.
CREATE TABLE told_unreadable (
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    member BLOB NOT NULL,
    PRIMARY KEY (platform, conversation, member)
) WITHOUT ROWID;
