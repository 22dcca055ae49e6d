using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Csmr.Client.Security;

/// <summary>A certificate with its key, and the authorities to trust, as they are in files.</summary>
/// <param name="Own">The certificate to show, with its chain.</param>
/// <param name="Authorities">Who may have signed others' certificates; empty where nobody is asked for one.</param>
public sealed record TlsCertificates(SslStreamCertificateContext Own, X509Certificate2Collection Authorities)
{
    /// <summary>The file with the certificate and its chain, as PEM; named as Kubernetes names it.</summary>
    public const string CertificateFile = "tls.crt";

    /// <summary>The file with its key, as PEM.</summary>
    public const string KeyFile = "tls.key";

    /// <summary>The file with the authorities, as PEM.</summary>
    public const string AuthorityFile = "ca.crt";

    /// <summary>Reads the files of a directory, and keeps in step with them.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="withAuthorities">Whether there are authorities to trust.</param>
    /// <param name="onFailure">Is told why changed files are not used.</param>
    /// <returns>What is in them now.</returns>
    /// <exception cref="TlsException">They cannot be used.</exception>
    public static WatchedFiles<TlsCertificates> Watch(string directory, bool withAuthorities, Action<Exception> onFailure)
    {
        string[] names = withAuthorities ? [CertificateFile, KeyFile, AuthorityFile] : [CertificateFile, KeyFile];
        try
        {
            return new WatchedFiles<TlsCertificates>(names.Select(name => Path.Combine(directory, name)), Read, onFailure);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new TlsException($"the certificates in '{directory}' ({string.Join(", ", names)}) cannot be used: {cause.Message}", cause);
        }
    }

    private static TlsCertificates Read(IReadOnlyList<byte[]> contents)
    {
        var texts = contents.Select(static content => Encoding.UTF8.GetString(content)).ToArray();
        var own = X509Certificate2.CreateFromPem(texts[0], texts[1]);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(texts[0]);
        var authorities = new X509Certificate2Collection();
        if (texts.Length > 2)
        {
            authorities.ImportFromPem(texts[2]);
            if (authorities.Count == 0)
            {
                throw new CryptographicException($"{AuthorityFile} has no certificate");
            }
        }

        return new TlsCertificates(SslStreamCertificateContext.Create(own, chain, offline: true), authorities);
    }
}

/// <summary>Certificates cannot be used.</summary>
/// <param name="message">Why, and what to do.</param>
/// <param name="inner">The cause.</param>
public sealed class TlsException(string message, Exception? inner = null) : Exception(message, inner);
