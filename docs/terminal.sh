#!/bin/sh
# Draws docs/terminal.svg from what the playground prints:
#   cargo run --quiet --example playground 2>&1 | sh docs/terminal.sh > docs/terminal.svg
# It takes the first `git smp diff` and the `git smp promote`. Nothing is added. The hash that was typed is cut to 8 digits,
# and the playground's folder to its last name.
set -eu
awk '
/^A deploy world in / { folder = $NF; parent = folder; sub("[^/]*$", "", parent) }
/^\$ git smp / { shown = ($4 == "diff" || $4 == "promote"); if (shown) sub(/--commit [0-9a-f]+/, substr($0, match($0, /--commit /), 17)) }
/^The record of this week/ { shown = 0 }
shown {
  while (parent != "" && (at = index($0, folder))) $0 = substr($0, 1, at - 1) "shop" substr($0, at + length(folder))
  gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;")
  lines[++count] = $0
}
END {
  if (!count) { print "no git smp diff was printed" > "/dev/stderr"; exit 1 }
  while (lines[count] == "") count--
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"980\" height=\"%d\" role=\"img\">\n", count * 20 + 44
  print "<title>git smp diff and git smp promote in a terminal</title>"
  print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>"
  print "<g font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d5d8de\" xml:space=\"preserve\">"
  for (n = 1; n <= count; n++) {
    colour = ""
    if (lines[n] ~ /^\$ /) colour = " fill=\"#8ab4f8\" font-weight=\"bold\""
    if (lines[n] ~ /^done: /) colour = " fill=\"#81c995\""
    if (lines[n] != "") printf "<text x=\"20\" y=\"%d\"%s>%s</text>\n", n * 20 + 16, colour, lines[n]
  }
  print "</g>\n</svg>"
}'
