//! A transport stream made by hand, byte by byte, so that the relay is not tested with its own muxer.

/// A small transport stream that carries one KLV packet on a private stream with registration `KLVA`.
pub(crate) fn klv_stream(klv: &[u8]) -> Vec<u8> {
    let section = |pid: u16, body: &[u8]| {
        let mut whole = body.to_vec();
        whole.extend_from_slice(&peel_feeds::ts::crc32(body).to_be_bytes());
        let mut payload = vec![0];
        payload.extend_from_slice(&whole);
        packet(pid, true, &payload)
    };
    let pat = [0x00, 0xb0, 0x0d, 0x00, 0x01, 0xc1, 0x00, 0x00, 0x00, 0x01, 0xe1, 0x00];
    let pmt = [
        0x02, 0xb0, 0x18, 0x00, 0x01, 0xc1, 0x00, 0x00, 0xe1, 0x01, 0xf0, 0x00, 0x06, 0xe1, 0x01, 0xf0, 0x06, 0x05,
        0x04, b'K', b'L', b'V', b'A',
    ];
    let mut stream = section(0, &pat);
    stream.extend(section(0x100, &pmt));
    let length = u16::try_from(klv.len() + 3).unwrap();
    let mut pes = vec![0, 0, 1, 0xbd];
    pes.extend_from_slice(&length.to_be_bytes());
    pes.extend_from_slice(&[0x84, 0x00, 0x00]);
    pes.extend_from_slice(klv);
    let mut first = true;
    for chunk in pes.chunks(184) {
        stream.extend(packet(0x101, first, chunk));
        first = false;
    }
    stream
}

fn packet(pid: u16, start: bool, payload: &[u8]) -> Vec<u8> {
    let [high, low] = pid.to_be_bytes();
    let mut bytes = vec![0x47, high | if start { 0x40 } else { 0 }, low];
    let stuffing = 184 - payload.len();
    if pid == 0x101 && stuffing > 0 {
        bytes.push(0x30 | u8::from(!start));
        bytes.push(u8::try_from(stuffing - 1).unwrap());
        if stuffing > 1 {
            bytes.push(0);
            bytes.resize(4 + stuffing, 0xff);
        }
        bytes.extend_from_slice(payload);
    } else {
        bytes.push(0x10 | if pid == 0x101 { u8::from(!start) } else { 0 });
        bytes.extend_from_slice(payload);
        bytes.resize(188, 0xff);
    }
    bytes
}
