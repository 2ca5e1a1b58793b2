#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| (peel_decoders::named("calibration_payload").check)(data));
