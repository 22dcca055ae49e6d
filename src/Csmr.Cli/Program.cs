await Console.Error.WriteLineAsync("csmr has no commands yet.");
return 2;
