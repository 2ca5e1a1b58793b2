#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| (peel_decoders::named("picture").check)(data));
