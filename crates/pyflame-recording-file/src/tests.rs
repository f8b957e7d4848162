//! Recordings that are written and read back, whole, damaged and forged.

mod appending;
mod damage;
mod forged;
mod golden;
mod profiles;
mod round_trip;
mod size;
