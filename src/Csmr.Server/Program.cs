await Console.Error.WriteLineAsync("Csmr.Server has no roles yet.");
return 2;
