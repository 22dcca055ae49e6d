using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Csmr.TestKit.Security;

/// <summary>An authority and certificates of it, each in a directory as a Kubernetes secret is mounted.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("csmr-tls-");
    private readonly X509Certificate2 _authority = MakeAuthority();

    public X509Certificate2Collection Authorities => [_authority];

    /// <summary>Makes a certificate, or renews it.</summary>
    /// <param name="name">Its directory.</param>
    /// <param name="dnsName">What it is for.</param>
    /// <param name="isStrange">Whether another authority has signed it.</param>
    /// <param name="isExpired">Whether it is of yesterday.</param>
    /// <param name="addresses">The addresses that it is for, too.</param>
    /// <returns>The directory.</returns>
    public string Make(string name, string dnsName, bool isStrange = false, bool isExpired = false, params IEnumerable<IPAddress> addresses)
    {
        using var stranger = MakeAuthority();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=csmr", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        foreach (var address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.Create(
            isStrange ? stranger : _authority, now.AddDays(-2), now.AddDays(isExpired ? -1 : 1), RandomNumberGenerator.GetBytes(8));
        var at = Directory.CreateDirectory(Path.Combine(_directory.FullName, name)).FullName;
        File.WriteAllText(Path.Combine(at, "ca.crt"), _authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(at, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(at, "tls.crt"), certificate.ExportCertificatePem());
        return at;
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Delete(recursive: true);
    }

    private static X509Certificate2 MakeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(3));
    }
}
