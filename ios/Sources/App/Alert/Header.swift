import Shell
import SwiftUI

/// Where, which way, and how long ago: what an officer needs to turn the head the right way.
struct Header: View {
    let alert: OpenAlert
    let words: Words

    var body: some View {
        VStack(spacing: 0) {
            if alert.exercise {
                Strip(Ink.exercise) {
                    Text(verbatim: words.text("exercise")).font(Type.label).foregroundStyle(Ink.paper)
                }
            }
            HStack(spacing: Size.gap) {
                VStack(alignment: .leading) {
                    Text(verbatim: alert.cameraName).font(Type.place).lineLimit(2)
                    if let direction = alert.direction {
                        Text(verbatim: direction).font(Type.body).lineLimit(2)
                    }
                }
                Spacer()
                VStack(alignment: .trailing) {
                    Text(verbatim: words.text("seconds", words.number(alert.ageSeconds))).font(Type.clock)
                    Text(verbatim: words.text("since_capture")).font(Type.label)
                }
                .accessibilityElement(children: .combine)
            }
            .foregroundStyle(Ink.ink)
            .padding(.horizontal, Size.edge)
            .padding(.vertical, 6)
        }
    }
}

/// What was not recorded, and what to do.
struct ProblemStrip: View {
    let problem: Problem?
    let words: Words

    var body: some View {
        if let problem {
            Strip(Ink.amber) {
                Text(verbatim: words.text("not_recorded", words.name("problem", problem.kind)))
                    .font(Type.body).foregroundStyle(Ink.ink)
            }
        }
    }
}
