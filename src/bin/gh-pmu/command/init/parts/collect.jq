# What one run of the collector has to do, as functions over lists of repositories.

# Every repository that is shown whole, with the object id of its manifest, or null: of the branch for it, else of the
# default branch.
def repositories:
  [.[] | [.errors[]?.path | select(.[2] == "nodes")[3]] as $withheld
    | .data.repositoryOwner.repositories.nodes | to_entries[] | select([.key] - $withheld != []) | .value | values
    | select(.nameWithOwner | test("^[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$") and (test("/\\.\\.?$") | not))
    | {name: .nameWithOwner, has_issues: .hasIssuesEnabled}
      + ([.there, .here | values | select(.byteSize != null)][0] // {} | {oid, size: .byteSize})];
# The files that are there, as {path: object id}.
def tree: [split("\n")[] | capture("^[0-7]+ (?<oid>[0-9a-f]+) 0\t(?<path>.+\\.json)$") | {(.path): .oid}] | add // {};
# A request that asks about several repositories at once, for what `part` says of each, in their order.
def request(part):
  {query: ("query {" + ([to_entries[] | "\n  r\(.key): " + (.value | (.name / "/") as [$owner, $name]
    | "repository(owner: \($owner | tojson), name: \($name | tojson)) { \(part) }")] | add) + "\n}")};
# So many at a time.
def batches($count): . as $all | range(0; length; $count) as $at | $all[$at:$at + $count];
def texts: request("object(oid: \(.oid | tojson)) { ... on Blob { text isTruncated } }");
def counts($labels):
  ($labels | to_entries | map("l\(.key): issues(labels: [\(.value | tojson)]) { totalCount }") | join(" ")) as $part
  | request($part);
