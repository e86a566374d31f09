//! What a verification found: a line a damage (and one for what merely looks like it) for people and scripts, JSON for programs.

use gh_pmu::model::{Repo, counted};
use gh_pmu::store::{Damage, Verified};

use super::Output;
use super::json::{JsonWriter, Text};
use super::size::file_size;
use super::style::Style;
use crate::exit::Error;

impl Output<'_> {
    /// Prints one line a damage, or that there is none.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn verified(&mut self, repo: &Repo, verified: &Verified, json: bool) -> Result<(), Error> {
        if json {
            let mut bytes = Vec::new();
            write_json(&mut JsonWriter::new(&mut bytes, Text::shown(self.terminal.stdout)), repo, verified);
            return self.show_json(&bytes);
        }
        let Verified { files, bytes, events, findings, notes } = verified;
        if findings.is_empty() {
            let events = counted(*events, "event");
            self.success(&format!("{repo}: {files} files, {} and {events} verify", file_size(*bytes)))?;
        }
        for finding in findings {
            let mark = match self.terminal.stdout {
                true => self.terminal.palette.paint(Style::Red, "X") + " ",
                false => String::new(),
            };
            self.finding(&mark, finding)?;
        }
        notes.iter().try_for_each(|note| self.finding("no damage: ", note))
    }

    fn finding(&mut self, mark: &str, damage: &Damage) -> Result<(), Error> {
        let Damage { path, offset, what, .. } = damage;
        let (record, cost, cure) = (damage.record(), damage.cost(), damage.cure());
        let path = self.safe(&path.display().to_string());
        self.write(format!("{mark}{path}: byte {offset}: {record}: {what}; costs {cost}; {cure}\n").as_bytes())
    }
}

fn write_json(json: &mut JsonWriter<'_>, repo: &Repo, verified: &Verified) {
    json.raw("{");
    json.key("repo").string(&repo.to_string());
    json.key("ok").raw(if verified.findings.is_empty() { "true" } else { "false" });
    json.key("files").number(verified.files);
    json.key("bytes").number(verified.bytes);
    json.key("events").number(verified.events);
    json.key("damage");
    write_findings(json, &verified.findings);
    if !verified.notes.is_empty() {
        json.key("notes");
        write_findings(json, &verified.notes);
    }
    json.raw("}\n");
}

fn write_findings(json: &mut JsonWriter<'_>, findings: &[Damage]) {
    json.raw("[");
    for (at, damage) in findings.iter().enumerate() {
        json.raw(if at == 0 { "{" } else { ",{" });
        json.key("file").string(&damage.path.to_string_lossy());
        json.key("offset").number(damage.offset);
        json.key("record").string(damage.record());
        json.key("wrong").string(&damage.what);
        json.key("cost").string(damage.cost());
        json.key("mend").string(damage.cure());
        json.raw("}");
    }
    json.raw("]");
}
