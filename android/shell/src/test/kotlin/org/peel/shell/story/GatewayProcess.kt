package org.peel.shell.story

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.util.Base64
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory

private const val COMMAND_SECONDS = 60L
private const val VERIFIED_BEFORE_MILLIS = 5 * 3_600_000L

private val program = File(System.getProperty("peel.gateway"))

/** A force of its own in [folder]: set up by commands alone, served by the real program on a free port of loopback. */
class GatewayProcess(private val folder: File) : AutoCloseable {
    val officer = "PC-1"
    val pin = "111222"
    private val data = File(folder, "data").path
    private val vendor = File(folder, "vendor")
    val deployment: String
    private val serve: Process
    private val url: String
    private val http: HttpClient

    init {
        val (desk, auditor) = File(folder, "desk").path to File(folder, "auditor").path
        val force = arrayOf("--data", data, "--force", "force.example", "--exercise")
        command("init", *force, "--desk", desk, "--auditor-key-out", auditor, "--vendor", vendor.path)
        val policy = File(folder, "policy.toml")
        policy.writeText(command("policy", "strictest", "--force", "force.example"))
        command("policy", "sign", "--data", data, policy.path)
        val card = File(folder, "deployment.toml").apply { writeText(DEPLOYMENT) }
        deployment = command("deployment", "create", "--data", data, card.path).field("deployment_id")
        val roster = "$deployment:engagement_officer"
        command("officer", "add", "--data", data, "--id", officer, "--pin", pin, "--roster", roster)
        serve = ProcessBuilder(program.path, "serve", "--data", data, "--listen", "127.0.0.1:0")
            .redirectError(File(folder, "serve.log"))
            .start()
        url = "https://" + serve.inputReader().readLine().field("listening")
        http = HttpClient.newBuilder().sslContext(trusting(File(vendor, "ca.pem"))).build()
        post("/v1/ingest/deployments/$deployment/state", "operator", """{"state":"live"}""")
    }

    fun enrolmentCode(): String = command("enrol", "--data", data, "--url", url).field("code")

    /** Raises an alert as the vendor's system would, and gives its identifier. */
    fun raise(probe: ByteArray, reference: ByteArray): String {
        val capturedAt = System.currentTimeMillis() - 400
        val body = """
            {"deployment_id": "$deployment", "camera_id": "cam-1",
             "captured_at_ms": $capturedAt, "direction": "Walking to the station",
             "probes": [{"image": "${probe.base64()}"}],
             "reference": {"image": "${reference.base64()}", "source": "custody", "age_years": 6},
             "watchlist_entry_ref": "wl-0042", "score_thousandths": 712, "threshold_thousandths": 640,
             "grade": "red", "categories": ["wanted_by_court"], "reason_text": "Failed to appear: robbery",
             "warning_markers": ["violent", "weapons"], "operator_judgement": "same_person_likely",
             "entry_last_verified_at_ms": ${capturedAt - VERIFIED_BEFORE_MILLIS}}
        """.trimIndent()
        return post("/v1/ingest/alerts", "ingest", body).field("alert_id")
    }

    override fun close() {
        serve.destroy()
        if (!serve.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) serve.destroyForcibly()
    }

    private fun post(path: String, key: String, body: String): String {
        val secret = File(vendor, "$key.key").readText().trim()
        val request = HttpRequest.newBuilder(URI.create(url + path))
            .header("Authorization", "Bearer $secret")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build()
        val response = http.send(request, HttpResponse.BodyHandlers.ofString())
        check(response.statusCode() in 200..299) { "$path: ${response.statusCode()} ${response.body()}" }
        return response.body()
    }

    private fun command(vararg arguments: String): String {
        val log = File(folder, "command.log")
        val process = ProcessBuilder(listOf(program.path) + arguments).redirectError(log).start()
        val said = process.inputReader().readText()
        check(process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
            "${arguments.first()}: ${log.readText()}"
        }
        return said
    }

    private fun ByteArray.base64(): String = Base64.getEncoder().encodeToString(this)

    private fun String.field(name: String): String =
        checkNotNull(Regex("\"$name\"\\s*:\\s*\"([^\"]+)\"").find(this)) { "no $name in: $this" }.groupValues[1]

    private fun trusting(authority: File): SSLContext {
        val certificate = authority.inputStream().use {
            CertificateFactory.getInstance("X.509").generateCertificate(it)
        }
        val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply {
            load(null)
            setCertificateEntry("force", certificate)
        }
        val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
        return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
    }

    private companion object {
        val DEPLOYMENT = """
            exercise = true
            use_case = "crime_hotspot"
            location_text = "High Street"
            authority_ref = "AUTH-1"
            planned_start_ms = 1700000000000
            planned_end_ms = 4000000000000
            algorithm = "vendor algorithm 1"
            threshold_thousandths = 640
            watchlist_size = 900
            policy_version = 1

            [[cameras]]
            camera_id = "cam-1"
            name = "Camera 2, High Street"
            kind = "van"
            view_bearing_deg = 10
            latitude_udeg = 51500000
            longitude_udeg = -120000
        """.trimIndent()
    }
}
