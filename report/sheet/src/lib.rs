//! One HTML file with tables and plots in it, for reports that people sign.
//!
//! Must never: load anything from elsewhere, run a script, or draw a plot without words for those who cannot see it.
//! Always: words from outside are escaped by [`escape`]; a table has real header cells.

mod html;
mod plot;

pub use html::{captioned_table, escape, page, paragraph, section, table};
pub use plot::{Axis, Plot, Scale, even_ticks, share_ticks};
