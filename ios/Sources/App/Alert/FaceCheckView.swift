import Shell
import SwiftUI

/// The secondary face check: one press to ask, three bands to answer, and what the answer is worth.
struct FaceCheckView: View {
    /// Said before and after the check, whatever else limits it (S21).
    static let alwaysSaid: [Limit] = [.cannotSeparateTwinsOrCloseRelatives, .sameImagesAsTheAlert]

    let check: FaceCheck
    let words: Words
    let start: @MainActor () -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: 6) {
            if check != .notAsked { Text(verbatim: words.text("check_title")).font(Type.title) }
            switch check {
            case .notAsked: startButton
            case .running: Text(verbatim: words.text("check_running")).font(Type.body)
            case .notPossible(let side, let reason):
                Text(verbatim: words.text("check_not_possible", why(side, reason))).font(Type.body)
                startButton
            case .opinion(let opinion):
                Bands(band: opinion.band, words: words)
                Text(verbatim: words.name("band_advice", opinion.band)).font(Type.title)
                rates(opinion.rates)
            }
            ForEach(limits, id: \.self) { limit in
                Text(verbatim: words.name("limit", limit)).font(Type.body)
            }
        }
        .frame(maxWidth: .infinity, alignment: .leading)
    }

    /// What is always said, then what this opinion adds.
    var limits: [Limit] {
        guard case .opinion(let opinion) = check else { return Self.alwaysSaid }
        return Self.alwaysSaid + opinion.limits.filter { !Self.alwaysSaid.contains($0) }
    }

    private var startButton: some View {
        BigButton(text: words.text("check_start"), look: .aside, press: start)
    }

    private func why(_ side: FaceSide?, _ reason: QualityReason) -> String {
        let quality = words.name("quality", reason)
        guard let side else { return quality }
        return "\(words.name("side", side)): \(quality)"
    }

    @ViewBuilder private func rates(_ rates: [TestedRate]) -> some View {
        if rates.isEmpty { Text(verbatim: words.text("check_rates_none")).font(Type.body) }
        ForEach(rates, id: \.what) { rate in
            let key = Words.key("rate", rate.what)
            Text(verbatim: words.text(key, words.number(rate.cases), words.number(rate.of))).font(Type.body)
        }
    }
}

/// Three equal fields in one colour: where the opinion lies, not what to do.
private struct Bands: View {
    let band: Band
    let words: Words

    var body: some View {
        HStack(spacing: 0) {
            ForEach(Band.allCases, id: \.self) { each in
                Text(verbatim: words.name("band", each)).font(Type.label).multilineTextAlignment(.center)
                    .foregroundStyle(each == band ? Ink.paper : Ink.quiet)
                    .frame(maxWidth: .infinity, minHeight: 52)
                    .background(each == band ? Ink.ink : Ink.paper)
                    .accessibilityAddTraits(each == band ? .isSelected : [])
            }
        }
        .border(Ink.ink, width: 2)
    }
}
