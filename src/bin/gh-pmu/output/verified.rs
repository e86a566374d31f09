//! What a verification found: a line a damage for people and scripts, JSON for programs.

use gh_pmu::model::Repo;
use gh_pmu::store::{Finding, Verified};

use super::Output;
use super::json::JsonWriter;
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
            write_json(&mut JsonWriter::new(&mut bytes, self.terminal.stdout), repo, verified);
            return self.show_json(&bytes);
        }
        let Verified { files, bytes, events, findings } = verified;
        if findings.is_empty() {
            let plural = if *events == 1 { "" } else { "s" };
            return self.success(&format!("{repo}: {files} files, {bytes} bytes and {events} event{plural} verify"));
        }
        for Finding { path, offset, record, what, cost, mend } in findings {
            let mark = match self.terminal.stdout {
                true => self.terminal.palette.paint(Style::Red, "X") + " ",
                false => String::new(),
            };
            let path = self.safe(&path.display().to_string());
            let line = format!("{mark}{path}: byte {offset}: {record}: {what}; costs {cost}; {mend}\n");
            self.write(line.as_bytes())?;
        }
        Ok(())
    }
}

fn write_json(json: &mut JsonWriter<'_>, repo: &Repo, verified: &Verified) {
    json.raw("{");
    json.key("repo").string(&repo.to_string());
    json.key("ok").raw(if verified.findings.is_empty() { "true" } else { "false" });
    json.key("files").number(verified.files);
    json.key("bytes").number(verified.bytes);
    json.key("events").number(verified.events);
    json.key("damage").raw("[");
    for (at, Finding { path, offset, record, what, cost, mend }) in verified.findings.iter().enumerate() {
        json.raw(if at == 0 { "{" } else { ",{" });
        json.key("file").string(&path.to_string_lossy());
        json.key("offset").number(*offset);
        json.key("record").string(record);
        json.key("wrong").string(what);
        json.key("cost").string(cost);
        json.key("mend").string(mend);
        json.raw("}");
    }
    json.raw("]}\n");
}
