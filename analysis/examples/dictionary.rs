//! Prints the columns of every table as Markdown, as `TABLES.md` holds them.

fn main() {
    let format = analysis::TABLE_FORMAT;
    println!("# Columns of the result tables\n");
    println!("Table format {format}. A missing value is an empty field in CSV, `null` in JSON.\n");
    print!("{}", analysis::dictionary_markdown());
}
