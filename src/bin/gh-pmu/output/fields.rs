//! The names of fields, each a variant of an enum: a field that is written nowhere does not compile.

/// Makes an enum of fields with their names in `--json`, which are given in alphabetical order.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($field,)*
        }

        impl $name {
            /// All fields.
            pub const ALL: &'static [Self] = &[$(Self::$field,)*];
            /// The names of all fields, in alphabetical order.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The field's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$field => $text,)*
                }
            }

            /// The fields of these names; what is no name is none.
            pub fn all_named(names: &[&str]) -> Vec<Self> {
                let named = |name: &&str| match *name {
                    $($text => Some(Self::$field),)*
                    _ => None,
                };
                names.iter().filter_map(named).collect()
            }
        }
    };
}

fields! {
    /// A field of a tracker.
    TrackerField {
        Branch = "branch",
        ClosedAt = "closedAt",
        Codename = "codename",
        CreatedAt = "createdAt",
        Kind = "kind",
        Name = "name",
        Number = "number",
        Repo = "repo",
        State = "state",
        Status = "status",
        Title = "title",
        Track = "track",
        Url = "url",
        Version = "version",
    }
}

fields! {
    /// A field of an event.
    EventField {
        After = "after",
        Baseline = "baseline",
        Before = "before",
        ChangedAt = "changedAt",
        Commit = "commit",
        Event = "event",
        Id = "id",
        Kind = "kind",
        Manifest = "manifest",
        Number = "number",
        Published = "published",
        Repo = "repo",
        Seq = "seq",
        Source = "source",
        SyncedAt = "syncedAt",
        Title = "title",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_alphabetical_order_and_read_back() {
        for names in [TrackerField::NAMES, EventField::NAMES] {
            assert!(names.is_sorted(), "{names:?}");
        }
        let read: Vec<_> = TrackerField::all_named(TrackerField::NAMES).into_iter().map(TrackerField::name).collect();
        assert_eq!(read, TrackerField::NAMES);
        assert_eq!(EventField::all_named(&["seq", "x"]), [EventField::Seq]);
    }
}
