//! The ladder rung by rung: what must not be moved, and what must.

mod cascades;
mod dependency;
mod drains;
mod drift;
mod harness;
mod late;
mod limits;
mod load;
mod readings;
mod refusals;
mod returns;
mod routes;
mod siblings;
