-- The journal. Times are seconds since 1970. No text of a question is kept but in `unanswered`, where its author asked for it.
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
-- What was said to the bot, by the platform's id of the event; `reply` once it was answered.
CREATE TABLE handled (
    platform TEXT NOT NULL,
    event TEXT NOT NULL,
    conversation TEXT NOT NULL,
    direct INTEGER NOT NULL,
    run INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    reply TEXT,
    fact TEXT,
    language TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (platform, event)
) WITHOUT ROWID;
CREATE INDEX handled_by_fact ON handled (platform, conversation, fact, at) WHERE fact IS NOT NULL;
CREATE INDEX handled_by_reply ON handled (platform, reply) WHERE reply IS NOT NULL;
CREATE INDEX handled_by_time ON handled (at);
CREATE TABLE unanswered (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    conversation TEXT NOT NULL,
    event TEXT NOT NULL,
    question TEXT NOT NULL,
    language TEXT NOT NULL,
    version TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (platform, event)
);
-- `member` is a keyed hash: it tells two voices apart and names nobody.
CREATE TABLE feedback (
    platform TEXT NOT NULL,
    reply TEXT NOT NULL,
    member BLOB NOT NULL,
    fact TEXT,
    helpful INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (platform, reply, member)
) WITHOUT ROWID;
-- What moderators did, and who tried to.
CREATE TABLE moderation (
    id INTEGER PRIMARY KEY,
    platform TEXT NOT NULL,
    author TEXT NOT NULL,
    command TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL
);
