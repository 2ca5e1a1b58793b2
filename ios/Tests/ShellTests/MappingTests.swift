import Foundation
import PeelCore
import Testing

@testable import Shell

@Suite struct MappingTests {
    @Test func theCoresCodesAreTheAppsWordsInSnakeCase() {
        #expect("sameImagesAsTheAlert".inSnakeCase == "same_images_as_the_alert")
        #expect("under18".inSnakeCase == "under_18")
        #expect(Limit(code: "cannot_separate_twins_or_close_relatives") == .cannotSeparateTwinsOrCloseRelatives)
        #expect(QualityReason(code: "too_small") == .tooSmall)
        #expect(QualityReason(code: "tooSmall") == nil)
    }

    @Test func everyErrorOfTheCoreIsAProblemWithItsReason() {
        let problem = Problem(CoreError.NotAllowedNow(reason: "alert.not_judged"))
        #expect(problem == Problem(kind: .notAllowedNow, reason: "alert.not_judged"))
        #expect(Problem(CancellationError()).kind == .internal)
    }

    @Test func aSkipAlwaysGoesToTheCoreWithAStatedReason() {
        let stated: [PeelCore.SkipReason] = [.notSafeToLook, .personIsHere, .cannotSeeScreen]
        #expect(Shell.SkipReason.allCases.map(\.forCore) == stated)
    }

    @Test func reasonsGoToTheCoreInTheListsOrderWhateverWasTickedFirst() throws {
        let decision = try #require(NotEngaging(kind: .passTo, reasons: [.supervisorDirection, .differentPerson]))
        #expect(Shell.Decision.notEngage(decision).forCore == .passTo([.differentPerson, .supervisorDirection]))
    }

    @Test func notPossibleIsNoBandAndItsReasonIsSaid() {
        let comparison = ComparisonView(
            purpose: .alertProbe, band: .notPossible, reason: "probe.too_small", testedRates: [], limits: [], tookMs: 1)
        #expect(FaceCheck(comparison) == .notPossible(side: .probe, reason: .tooSmall))
        #expect(FaceCheck(newest: []) == .notAsked)
    }

    @Test func s21AnOpinionKeepsItsRatesAndItsLimits() {
        let comparison = ComparisonView(
            purpose: .alertProbe, band: .supports, reason: nil,
            testedRates: [TestedRate(code: "false_alerts_given_supports", numerator: 3, denominator: 200)],
            limits: ["cannot_separate_twins_or_close_relatives", "something_new"], tookMs: 90)
        let wanted = Opinion(
            band: .supports, rates: [Shell.TestedRate(what: .falseAlertsGivenSupports, cases: 3, of: 200)],
            limits: [.cannotSeparateTwinsOrCloseRelatives, .other])
        #expect(FaceCheck(comparison) == .opinion(wanted))
    }

    @Test func aFramesLayoutIsTheCamerasOrNothing() {
        func layout(_ width: Int, _ degrees: Int) -> FrameLayout? {
            FrameLayout(
                CameraFrame(
                    bytes: Data(), width: width, height: 4, bytesPerRow: width &* 4, rotationDegrees: degrees))
        }
        let wanted = FrameLayout(width: 8, height: 4, rowBytes: 32, order: .bgra, turns: .three)
        #expect(layout(8, 270) == wanted)
        #expect(layout(8, 45) == nil && layout(-1, 0) == nil && layout(Int.max, 0) == nil)
    }

    @Test func adviceThatThisAppDoesNotKnowIsStillAdvice() {
        let place = PeelCore.FacePlace(left: 0.1, top: 0.2, width: 0.3, height: 0.4)
        let dark = Preview(PreviewView(advice: "too_dark", face: place))
        let outline = Shell.FacePlace(left: 0.1, top: 0.2, width: 0.3, height: 0.4)
        #expect(dark == Preview(advice: .tooDark, face: outline))
        #expect(Preview(PreviewView(advice: "something_new", face: nil)).advice == .other)
        #expect(Preview(PreviewView(advice: nil, face: nil)).advice == nil)
    }

    @Test func lookingLongerThanTheCoreCountsIsCutOffAndNotWrong() {
        #expect(Shell.Look(probeMillis: .max, referenceMillis: -1, zoomed: true).forCore.probeMs == .max)
        #expect(Shell.Look(probeMillis: .max, referenceMillis: -1, zoomed: true).forCore.referenceMs == 0)
    }
}
