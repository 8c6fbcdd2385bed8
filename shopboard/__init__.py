"""The machinery of the shop's dashboard: it knows no question and no chart, which stand in the notebook.

Each module imports only from those above it.

carried     imports the package from the cells of a lone notebook; what is changed in one takes effect at once
problems    says in one sentence what the user can mend
voila       leaves out of a page what is only there to be read
places      puts files in their places, whole or not at all, and clears away what was left of others
settings    holds the settings of a run, checked
texts       writes answers as CSV
limits      runs SQL in a process of its own, which has limits
sqltext     reads SQL as text: names, parameters, CTEs put in front
plain       gives the answers of every engine the same plain types
style       writes numbers in the reader's format; colours; the charts' template
headings    tells what the columns of answers are called, and how they are written
series      tells what is expected of each day in a row, and forecasts what may follow
marks       puts figures together from bars, lines, points and cells
grids       puts tables of cells together, with their totals
paper       draws days, bars and cells for paper
board       shows cards in one widget: tiles, charts, tables, text
database    opens the shop's record in SQLite, and puts a finished one in an old one's place
notes       notes each row that anybody writes
soundness   finds out whether the record is as it was written
sample      draws the sample shop: names, orders and reviews, with what was planted in them
importing   reads a shop's own files, whatever their form, into the four tables
building    builds the database of the settings, or opens the one that stands
opening     shows the import's form where only the user can say what a source means
own_data    takes a shop of the user's own on the page, and shows its receipt
columnar    copies the shop into DuckDB, with the models as tables
following   keeps the copy current, by the notes
warehouse   asks a warehouse, in its own SQL
filters     turns a selection into CTEs in front of a question
ahead       asks what is needed next, and makes once what several questions read
ask         asks a question over a selection, and keeps the answer
pages       declares pages by rows of parts
clicks      tells where a click leads
cards       fills the parts of a page from the shop's answers
lists       shows lists with checkboxes, and chips of what is chosen
selection   has the controls of the filters
behind      tells the SQL, the rows and the CSV behind a card
saved       holds what the page shows as a short text
console     runs SQL of one's own, which only reads
live        lets orders come in while the page is open
export      writes the page as one file
report      writes the page for paper
tools       puts one's own data, the console and the saved view on the page
dashboard   puts filters, pages and tools together
"""
