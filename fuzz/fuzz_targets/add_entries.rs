#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| (peel_decoders::named("add_entries").check)(data));
