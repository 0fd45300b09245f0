# Rows of a file (day,country,page) as SQL that can be run twice: what was there of $DAY and $COUNTRY goes first.
function text(value) { gsub(/'/, "''", value); return "'" value "'" }
BEGIN {
    FS = ","
    print "begin;"
    print "delete from visits where day = " text(ENVIRON["DAY"]) " and country = " text(ENVIRON["COUNTRY"]) ";"
}
{ print "insert into visits values (" text($1) ", " text($2) ", " text($3) ");" }
END { print "commit;" }
