//! The passages of a base: a tantivy index to find them, records to re-rank and quote them.
//!
//! A small base is indexed in memory at start. A large archive is indexed once, on disk, keyed by the hash of its
//! content, and memory-mapped afterwards through tantivy's own directory.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tantivy::collector::TopDocs;
use tantivy::columnar::Column;
use tantivy::directory::{Directory, MmapDirectory, OwnedBytes};
use tantivy::query::{BooleanQuery, BoostQuery, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::{DocAddress, Index, IndexWriter, ReloadPolicy, Searcher, TantivyDocument};

use crate::knowledge::{Metadata, Passage};
use crate::retrieval::analysis::Analyzer;
use crate::retrieval::record::{Record, RecordWriter};
use crate::retrieval::text::tokenize;

/// Memory for indexing, in bytes: tantivy's minimum for one thread in memory, generous on disk.
const SMALL_HEAP: usize = 15_000_000;
const LARGE_HEAP: usize = 400_000_000;

/// Names of the files beside the tantivy index.
const RECORDS: &str = "records.bin";
const OFFSETS: &str = "offsets.bin";
const ARTICLES: &str = "articles.bin";
const ARTICLE_OFFSETS: &str = "article_offsets.bin";
const SEAL: &str = "seal.json";

/// Raised whenever the layout of the files or the analysis changes: an older index is rebuilt.
const LAYOUT: u32 = 1;

/// What an index on disk says of itself; written last, so an interrupted build has none.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Seal {
    layout: u32,
    passages: u64,
    articles: u64,
    /// Name, length and time of change of every file, so that a changed one is noticed without reading it.
    files: Vec<(String, u64, u128)>,
    /// Hash over a sample of every file.
    sample: String,
}

/// Why an index cannot be built or opened.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// tantivy's own.
    #[error("search index: {0}")]
    Tantivy(#[from] tantivy::TantivyError),
    /// The file system's.
    #[error("search index: {0}")]
    Io(#[from] std::io::Error),
    /// An article of an archive cannot be taken in; says where and why.
    #[error("{0}")]
    Archive(String),
    /// The index on disk is not what was written.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
}

/// Passages ready to be searched.
pub struct Passages {
    searcher: Searcher,
    body: Field,
    /// The number of each document's passage, per segment.
    ordinals: Vec<Column<u64>>,
    records: OwnedBytes,
    offsets: OwnedBytes,
    articles: OwnedBytes,
    article_offsets: OwnedBytes,
}

impl std::fmt::Debug for Passages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passages").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A passage found, by its number, with tantivy's BM25 score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Number of the passage.
    pub passage: usize,
    /// BM25 score.
    pub score: f32,
}

/// Collects passages into an index.
pub struct PassageWriter {
    writer: IndexWriter,
    index: Index,
    body: Field,
    ordinal: Field,
    record: RecordWriter,
    records: Box<dyn std::io::Write + Send>,
    articles: Vec<u8>,
    offsets: Vec<u64>,
    article_offsets: Vec<u64>,
    length: u64,
}

impl std::fmt::Debug for PassageWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassageWriter").field("passages", &self.offsets.len()).finish_non_exhaustive()
    }
}

fn schema() -> (Schema, Field, Field) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(IndexRecordOption::WithFreqs);
    let body = builder.add_text_field("body", TextOptions::default().set_indexing_options(indexing));
    let ordinal = builder.add_u64_field("ordinal", FAST);
    (builder.build(), body, ordinal)
}

impl PassageWriter {
    fn new(index: Index, threads: usize, heap: usize, records: Box<dyn std::io::Write + Send>) -> Result<Self, IndexError> {
        let (_, body, ordinal) = schema();
        let writer = index.writer_with_num_threads(threads, heap)?;
        Ok(Self {
            writer,
            index,
            body,
            ordinal,
            record: RecordWriter::default(),
            records,
            articles: Vec::new(),
            offsets: vec![0],
            article_offsets: vec![0],
            length: 0,
        })
    }

    /// Adds an article with its passages.
    ///
    /// # Errors
    /// When the index or its files cannot be written.
    pub fn add(&mut self, metadata: &Metadata, text: &str, passages: &[Passage], analyzer: &Analyzer<'_>) -> Result<(), IndexError> {
        let article = (self.article_offsets.len() - 1) as u32;
        serde_json::to_writer(&mut self.articles, metadata).map_err(std::io::Error::from)?;
        self.article_offsets.push(self.articles.len() as u64);
        for passage in passages.iter().filter(|passage| !passage.is_heading || passages.len() == 1) {
            let mut heading = metadata.title.clone().unwrap_or_default();
            if let Some(range) = &passage.heading {
                heading.push(' ');
                heading.push_str(&text[range.clone()]);
            }
            let record = self.record.write(article, text, passage, &heading, analyzer);
            self.records.write_all(record)?;
            self.length += record.len() as u64;
            let number = self.offsets.len() as u64 - 1;
            self.offsets.push(self.length);
            let mut document = TantivyDocument::new();
            document.add_text(self.body, index_text(&[&heading, &text[passage.range.clone()]], analyzer));
            document.add_u64(self.ordinal, number);
            self.writer.add_document(document)?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), IndexError> {
        self.writer.commit()?;
        let segments = self.index.searchable_segment_ids()?;
        if segments.len() > 1 {
            self.writer.merge(&segments).wait()?;
        }
        self.records.flush()?;
        Ok(())
    }
}

/// Terms as text, for tantivy's white space tokenizer.
fn index_text(texts: &[&str], analyzer: &Analyzer<'_>) -> String {
    let mut joined = String::new();
    for text in texts {
        for term in analyzer.all_terms(&analyzer.read(&tokenize(text))) {
            push_term(&mut joined, term);
            joined.push(' ');
        }
    }
    joined
}

fn push_term(text: &mut String, term: u32) {
    use std::fmt::Write as _;
    // Writing to a string never fails.
    let _ = write!(text, "{term:08x}");
}

impl Passages {
    /// Indexes in memory whatever `fill` adds.
    ///
    /// # Errors
    /// When tantivy fails.
    pub fn in_memory(fill: impl FnOnce(&mut PassageWriter) -> Result<(), IndexError>) -> Result<Self, IndexError> {
        let records = SharedBytes::default();
        let mut writer = PassageWriter::new(Index::create_in_ram(schema().0), 1, SMALL_HEAP, Box::new(records.clone()))?;
        fill(&mut writer)?;
        writer.commit()?;
        Self::from_parts(
            &writer.index,
            OwnedBytes::new(records.take()),
            OwnedBytes::new(little_endian(&writer.offsets)),
            OwnedBytes::new(std::mem::take(&mut writer.articles)),
            OwnedBytes::new(little_endian(&writer.article_offsets)),
        )
    }

    /// Indexes on disk whatever `fill` adds; the folder is complete only once this returns.
    ///
    /// # Errors
    /// When the folder cannot be written or tantivy fails.
    pub fn build(folder: &Path, fill: impl FnOnce(&mut PassageWriter) -> Result<(), IndexError>) -> Result<Self, IndexError> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let records = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(folder.join(RECORDS))?);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let index = Index::create_in_dir(folder, schema().0)?;
        let mut writer = PassageWriter::new(index, threads, LARGE_HEAP, Box::new(records))?;
        fill(&mut writer)?;
        writer.commit()?;
        std::fs::write(folder.join(OFFSETS), little_endian(&writer.offsets))?;
        std::fs::write(folder.join(ARTICLES), &writer.articles)?;
        std::fs::write(folder.join(ARTICLE_OFFSETS), little_endian(&writer.article_offsets))?;
        let (passages, articles) = (writer.offsets.len() as u64 - 1, writer.article_offsets.len() as u64 - 1);
        writer.writer.wait_merging_threads()?;
        let files = files(folder)?;
        let seal = Seal { layout: LAYOUT, passages, articles, sample: sample(folder, &files)?, files };
        let text = serde_json::to_string_pretty(&seal).map_err(std::io::Error::from)?;
        std::fs::write(folder.join(SEAL), text)?;
        Self::open(folder)
    }

    /// Opens an index built before.
    ///
    /// # Errors
    /// When it is absent, of another layout or damaged: it must then be rebuilt.
    pub fn open(folder: &Path) -> Result<Self, IndexError> {
        let damaged = |what: &str| IndexError::Damaged(what.to_owned());
        let text = std::fs::read_to_string(folder.join(SEAL))?;
        let seal: Seal = serde_json::from_str(&text).map_err(|error| IndexError::Damaged(format!("{SEAL}: {error}")))?;
        if seal.layout != LAYOUT {
            return Err(damaged("it has an older layout"));
        }
        let files = files(folder)?;
        if seal.files != files || seal.sample != sample(folder, &files)? {
            return Err(damaged("its files are not those that were written"));
        }
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let map = |name: &str| -> Result<OwnedBytes, IndexError> {
            let slice = directory.open_read(Path::new(name)).map_err(tantivy::TantivyError::from)?;
            Ok(slice.read_bytes()?)
        };
        let (records, offsets, articles, article_offsets) = (map(RECORDS)?, map(OFFSETS)?, map(ARTICLES)?, map(ARTICLE_OFFSETS)?);
        let index = Index::open(directory.clone())?;
        let passages = Self::from_parts(&index, records, offsets, articles, article_offsets)?;
        if passages.len() as u64 != seal.passages || passages.searcher.num_docs() != seal.passages {
            return Err(damaged("it does not hold as many passages as it says"));
        }
        Ok(passages)
    }

    fn from_parts(
        index: &Index,
        records: OwnedBytes,
        offsets: OwnedBytes,
        articles: OwnedBytes,
        article_offsets: OwnedBytes,
    ) -> Result<Self, IndexError> {
        let reader: tantivy::IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let body = index.schema().get_field("body")?;
        let searcher = reader.searcher();
        let ordinals = searcher.segment_readers().iter().map(|segment| segment.fast_fields().u64("ordinal")).collect::<Result<_, _>>()?;
        Ok(Self { searcher, body, ordinals, records, offsets, articles, article_offsets })
    }

    /// How many passages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.offsets.len() / 8).saturating_sub(1)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The record of a passage.
    #[must_use]
    pub fn record(&self, passage: usize) -> Option<Record<'_>> {
        Record::new(slice(&self.records, &self.offsets, passage)?)
    }

    /// What is known of the article with a number.
    #[must_use]
    pub fn article(&self, article: usize) -> Option<Metadata> {
        serde_json::from_slice(slice(&self.articles, &self.article_offsets, article)?).ok()
    }

    /// In how many passages a term stands.
    #[must_use]
    pub fn frequency(&self, term: u32) -> u64 {
        self.searcher.doc_freq(&self.term(term)).unwrap_or(0)
    }

    fn term(&self, term: u32) -> tantivy::Term {
        let mut text = String::with_capacity(8);
        push_term(&mut text, term);
        tantivy::Term::from_field_text(self.body, &text)
    }

    /// The `limit` passages with the best BM25 score for weighted terms.
    ///
    /// # Errors
    /// When tantivy cannot read the index.
    pub fn search(&self, terms: &[(u32, f32)], limit: usize) -> Result<Vec<Hit>, IndexError> {
        let clauses: Vec<_> = terms
            .iter()
            .map(|&(term, boost)| {
                let query: Box<dyn Query> = Box::new(TermQuery::new(self.term(term), IndexRecordOption::WithFreqs));
                let query = if (boost - 1.0).abs() < f32::EPSILON { query } else { Box::new(BoostQuery::new(query, boost)) };
                (tantivy::query::Occur::Should, query)
            })
            .collect();
        let found = self.searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(limit).order_by_score())?;
        found.into_iter().map(|(score, address)| Ok(Hit { passage: self.ordinal(address)?, score })).collect()
    }

    fn ordinal(&self, address: DocAddress) -> Result<usize, IndexError> {
        let number = self.ordinals.get(address.segment_ord as usize).and_then(|column| column.first(address.doc_id));
        number.map(|ordinal| ordinal as usize).ok_or_else(|| IndexError::Damaged("a passage has no number".to_owned()))
    }
}

fn slice<'a>(bytes: &'a [u8], offsets: &[u8], at: usize) -> Option<&'a [u8]> {
    let offset = |at: usize| -> Option<usize> { Some(u64::from_le_bytes(offsets.get(8 * at..8 * at + 8)?.try_into().ok()?) as usize) };
    bytes.get(offset(at)?..offset(at + 1)?)
}

fn little_endian(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Every file of the index but the seal and tantivy's locks: name, length, time of change.
fn files(folder: &Path) -> std::io::Result<Vec<(String, u64, u128)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == SEAL || Path::new(&name).extension().is_some_and(|extension| extension == "lock") {
            continue;
        }
        let state = entry.metadata()?;
        let changed = state.modified()?.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        files.push((name, state.len(), changed));
    }
    files.sort();
    Ok(files)
}

/// A hash over head, middle and tail of each file. Whoever changes a file changes its time; what a disk spoils without
/// that, and outside the sample, shows when a record does not parse or a quote is not UTF-8, and is never quoted.
fn sample(folder: &Path, files: &[(String, u64, u128)]) -> std::io::Result<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut hasher = blake3::Hasher::new();
    for (name, length, _) in files {
        let mut file = std::fs::File::open(folder.join(name))?;
        for start in [0, length / 2, length.saturating_sub(4096)] {
            file.seek(SeekFrom::Start(start))?;
            let mut block = Vec::with_capacity(4096);
            std::io::Read::by_ref(&mut file).take(4096).read_to_end(&mut block)?;
            hasher.update(&block);
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// A byte buffer that the writer fills and its maker takes back.
#[derive(Debug, Clone, Default)]
struct SharedBytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl SharedBytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl std::io::Write for SharedBytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
