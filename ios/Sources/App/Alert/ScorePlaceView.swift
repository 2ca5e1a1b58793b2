import Shell
import SwiftUI

/// The score as a place beside the deployment's threshold: a scale, never a share of a hundred (S08).
struct ScorePlaceView: View {
    let place: ScorePlace
    let words: Words

    var body: some View {
        VStack(alignment: .leading, spacing: 3) {
            HStack {
                Text(verbatim: words.text("score_limit", Words.thousandths(place.threshold))).font(Type.body)
                Spacer()
                Text(verbatim: words.text("score", Words.thousandths(place.score))).font(Type.title)
            }
            GeometryReader { proxy in
                ZStack(alignment: .leading) {
                    Rectangle().fill(Ink.line).frame(height: 6)
                    Rectangle().fill(Ink.ink).frame(width: 4, height: 24)
                        .offset(x: ScoreScale(place).along(place.threshold) * proxy.size.width)
                    Circle().stroke(Ink.ink, lineWidth: 4).frame(width: 20, height: 20)
                        .offset(x: ScoreScale(place).along(place.score) * proxy.size.width - 10)
                }
            }
            .frame(height: 28)
            Text(verbatim: words.text("score_meaning")).font(Type.label)
        }
    }
}

/// The part of the scale that is drawn. Below the threshold there are no alerts, so little of that is shown.
struct ScoreScale {
    private static let belowThreshold = 100
    private static let top = 1000
    private let from: Int

    init(_ place: ScorePlace) {
        from = min(max(0, place.threshold - Self.belowThreshold), Self.top - 1)
    }

    /// How far along the drawn scale a value lies, from 0 to 1.
    func along(_ thousandths: Int) -> Double {
        min(max(0, Double(thousandths - from) / Double(Self.top - from)), 1)
    }
}
